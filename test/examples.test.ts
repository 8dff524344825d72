import { join } from 'node:path'
import t from 'tap'
import { reportSchema } from '../src/report/report.ts'
import { meshGuard } from './support/command.ts'

const examples = join(import.meta.dirname, '../examples')
const published = join(examples, 'published')

/** Decision and rules of each change, in order. */
async function decisionsOf(files: readonly string[]): Promise<readonly string[]> {
  const paths = files.map(name => join(published, `${name}.yaml`))
  const { out } = await meshGuard('check', ...paths, '--against', join(examples, 'cluster'), '-o', 'json')
  return reportSchema
    .parse(JSON.parse(out))
    .steps.map(({ object, decision, findings }) =>
      [object.kind, decision, ...findings.map(({ rule }) => rule)].join(' ')
    )
}

const RULE = 'strict-mesh-plain-local-gateway'
const SEQUENCES: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  [
    'a namespace that is STRICT: Knative and the callers are in the mesh',
    ['kserve-namespace-strict'],
    ['PeerAuthentication allow', 'AuthorizationPolicy deny policy-denies-request-path activator-bypasses-policy']
  ],
  [
    'the same without the VirtualService of KServe, as the guide goes on: what is left is the leak that it tells of',
    ['kserve-virtual-host-off', 'kserve-namespace-strict'],
    [
      'ConfigMap allow',
      'PeerAuthentication allow',
      'AuthorizationPolicy warn activator-bypasses-policy policy-denies-request-path'
    ]
  ],
  [
    'the VirtualService turned off by what the guide prints, and no more',
    ['kserve-virtual-host-off-alone'],
    ['ConfigMap deny configuration-rejected']
  ],
  [
    'a token for a model that is called otherwise by now',
    ['kserve-jwt'],
    ['RequestAuthentication warn policy-selects-no-pods', 'AuthorizationPolicy warn policy-selects-no-pods']
  ],
  [
    'a token for paths that no model here has',
    ['seldon-jwt'],
    ['RequestAuthentication allow', 'AuthorizationPolicy allow']
  ],
  ['a STRICT mesh, with the gateway as it is', ['kserve-mesh-strict'], [`PeerAuthentication deny ${RULE}`]],
  [
    'mTLS from every client, with the gateway as it is',
    ['kserve-mesh-clients'],
    ['DestinationRule deny client-mtls-to-plain-listener']
  ],
  [
    'the gateway for mTLS alone, while clients send it plaintext: the guide does not warn of this',
    ['kserve-local-gateway-mtls'],
    ['Gateway deny plaintext-to-mtls-gateway']
  ],
  [
    'without the VirtualService of KServe, both are harmless',
    ['kserve-virtual-host-off', 'kserve-mesh-strict', 'kserve-mesh-clients'],
    ['ConfigMap allow', 'PeerAuthentication allow', 'DestinationRule allow']
  ],
  [
    'a gateway of its own for callers without a sidecar',
    ['kserve-dedicated-gateway'],
    ['Gateway allow', 'Service allow', 'ConfigMap allow']
  ],
  ['the same by TLS', ['kserve-border-tls'], ['Gateway allow', 'Service warn gateway-port-translation-ambiguous']],
  [
    'a model with the annotation alone',
    ['kserve-model'],
    ['Namespace allow', 'InferenceService warn inject-annotation-ignored']
  ],
  ['TLS at the border', ['kserve-public-gateway'], ['Gateway allow']],
  [
    'the recipe of 2020, in the order of its steps: without auto mTLS, STRICT needs the rule first',
    ['knative-no-auto-mtls', 'kserve-mesh-strict', 'knative-system-permissive', 'knative-user-rule'],
    [
      'ConfigMap allow',
      `PeerAuthentication deny plaintext-to-strict-workload ${RULE}`,
      'PeerAuthentication allow',
      'DestinationRule deny client-mtls-to-plain-listener'
    ]
  ]
]

for (const [name, files, expected] of SEQUENCES) {
  t.test(name, async t => {
    t.same(await decisionsOf(files), expected)
  })
}
