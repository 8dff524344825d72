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
    'KServe guide: STRICT namespace',
    ['kserve-namespace-strict'],
    ['PeerAuthentication allow', 'AuthorizationPolicy deny policy-denies-request-path activator-bypasses-policy']
  ],
  [
    'KServe guide: STRICT namespace with the KServe VirtualService disabled',
    ['kserve-virtual-host-off', 'kserve-namespace-strict'],
    [
      'ConfigMap allow',
      'PeerAuthentication allow',
      'AuthorizationPolicy warn activator-bypasses-policy policy-denies-request-path'
    ]
  ],
  [
    'KServe guide: only disableIstioVirtualHost in the ingress configuration',
    ['kserve-virtual-host-off-alone'],
    ['ConfigMap deny configuration-rejected']
  ],
  [
    'KServe JWT example for an outdated model name',
    ['kserve-jwt'],
    ['RequestAuthentication warn policy-selects-no-pods', 'AuthorizationPolicy warn policy-selects-no-pods']
  ],
  [
    'Seldon JWT example for other paths',
    ['seldon-jwt'],
    ['RequestAuthentication allow', 'AuthorizationPolicy warn policy-path-never-requested']
  ],
  ['STRICT mesh with the default gateway', ['kserve-mesh-strict'], [`PeerAuthentication deny ${RULE}`]],
  [
    'mTLS from every client to the default gateway',
    ['kserve-mesh-clients'],
    ['DestinationRule deny client-mtls-to-plain-listener']
  ],
  [
    'gateway accepts only mTLS while clients send plaintext',
    ['kserve-local-gateway-mtls'],
    ['Gateway deny plaintext-to-mtls-gateway']
  ],
  [
    'STRICT mesh and mTLS clients with the KServe VirtualService disabled',
    ['kserve-virtual-host-off', 'kserve-mesh-strict', 'kserve-mesh-clients'],
    ['ConfigMap allow', 'PeerAuthentication allow', 'DestinationRule allow']
  ],
  [
    'dedicated gateway for callers without a sidecar',
    ['kserve-dedicated-gateway'],
    ['Gateway allow', 'Service allow', 'ConfigMap allow']
  ],
  [
    'dedicated gateway with TLS',
    ['kserve-border-tls'],
    ['Gateway allow', 'Service warn gateway-port-translation-ambiguous']
  ],
  [
    'model with only the inject annotation',
    ['kserve-model'],
    ['Namespace allow', 'InferenceService warn inject-annotation-ignored']
  ],
  ['public gateway with TLS', ['kserve-public-gateway'], ['Gateway allow']],
  [
    'Knative recipe without auto mTLS: STRICT before the DestinationRule is denied',
    ['knative-no-auto-mtls', 'kserve-mesh-strict', 'knative-system-permissive', 'knative-user-rule'],
    [
      'ConfigMap warn auto-mtls-disabled',
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
