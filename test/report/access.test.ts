import t from 'tap'
import { access } from '../../src/engine/access.ts'
import { modelKey } from '../../src/engine/incremental/evaluate.ts'
import { DEFAULT_POLICY } from '../../src/engine/to-findings.ts'
import { accessSchema, toAccess } from '../../src/report/access.ts'
import { toAccessText } from '../../src/report/access-text.ts'
import { toAccessWide } from '../../src/report/access-wide.ts'
import { RULES } from '../../src/rules/index.ts'
import type { Snapshot } from '../../src/state/snapshot.ts'
import {
  allow,
  authorizing,
  clientRule,
  configMap,
  hostTaken,
  model,
  pod,
  policy,
  together,
  tokens
} from '../support/objects.ts'
import { stateOf, stockWith } from '../support/snapshot.ts'

const evaluate = (state: Snapshot, name = 'user1/sklearn-iris', rules = RULES) =>
  access(state, one => modelKey(one) === name, rules, DEFAULT_POLICY)
const viewOf = (state: Snapshot, name?: string) => toAccess(state, evaluate(state, name))

/** Workloads of the example cluster: a client without a sidecar, two with one, and the pods of both models. */
const SHORT_NAMES = {
  'batch/nightly-score-28417-9qv7z (no sidecar)': 'batch',
  'user1/httpbin-6484879498-qxqj8': 'httpbin',
  'user2/sleep-6d6b49d8b8-6ths6': 'sleep',
  'user1/sklearn-iris-predictor-00001-deployment-5685f4d0c-x0k2p': 'iris',
  'user1/sklearn-iris-burst-predictor-00001-deployment-5685f4d0c-x0k2p': 'burst',
  'istio-system/istio-ingressgateway-service-account': 'ingress'
}

/** Lines without indent and with short names; those of the installation are omitted. */
function linesOf(text: string): readonly string[] {
  const short = Object.entries(SHORT_NAMES).reduce((all, [long, name]) => all.replaceAll(long, name), text)
  return short
    .split('\n')
    .map(line => line.trim())
    .filter(line => !/^(Istio|Knative Serving|KServe) .*in namespace /.test(line))
}

const textOf = (state: Snapshot, name?: string) => linesOf(toAccessText(viewOf(state, name)))

const DIRECT = ', annotations: { autoscaling.knative.dev/targetBurstCapacity: "0" }'
const STANDARD = ', annotations: { serving.kserve.io/deploymentMode: Standard }'
const SKLEARN = 'predictor: { model: { modelFormat: { name: sklearn } } }'
const STRICT = policy('user1', '{ mtls: { mode: STRICT } }')
const ownPod = (name: string, component: string) =>
  pod(
    'user1',
    name,
    `serving.kserve.io/inferenceservice: new, component: ${component}, security.istio.io/tlsMode: istio`,
    'sidecar'
  )

const TEXTS: Readonly<Record<string, readonly [objects: readonly string[], lines: readonly string[], model?: string]>> =
  {
    'workloads with equal results are one line': [
      [],
      [
        'user1/sklearn-iris: 4 of 4 workloads can call it',
        'ok      batch, httpbin, burst, sleep via InferenceService URL: direct (Serve mode), as ingress',
        'ok      batch via component host: direct (Serve mode), as ingress',
        'ok      httpbin, burst, sleep via component host: direct (Serve mode), as the caller'
      ]
    ],
    'addresses with equal results are one line, and the pods of the model call nothing': [
      [model(STANDARD), STRICT, ownPod('new', 'predictor')],
      [
        'user1/new: 4 of 5 workloads can call it',
        'ok      httpbin, burst, iris, sleep via InferenceService URL: as the caller',
        'BLOCKED batch via InferenceService URL: at caller->pod',
        'plaintext-to-strict-workload: callers without a sidecar send plaintext to new-predictor.user1 (STRICT: PeerAuthentication user1/default)',
        'at PeerAuthentication user1/default spec.mtls.mode'
      ],
      'user1/new'
    ],
    'both activator modes are shown if both are open': [
      [model('')],
      [
        'user1/new: 5 of 5 workloads can call it',
        'ok      batch, httpbin, burst, iris, sleep via InferenceService URL: direct (Serve mode), as ingress; via activator (Proxy mode), unauthenticated',
        'ok      batch via component host: direct (Serve mode), as ingress; via activator (Proxy mode), unauthenticated',
        'ok      httpbin, burst, iris, sleep via component host: direct (Serve mode), as the caller; via activator (Proxy mode), unauthenticated'
      ],
      'user1/new'
    ],
    'the worst activator mode counts': [
      [model(''), STRICT, allow('{ namespaces: [knative-serving, istio-system] }')],
      [
        'user1/new: 5 of 5 workloads can call it',
        'ok      batch, httpbin, burst, iris, sleep via InferenceService URL: direct (Serve mode), as ingress; via activator (Proxy mode), as knative-serving/activator',
        'ok      batch via component host: direct (Serve mode), as ingress; via activator (Proxy mode), as knative-serving/activator',
        'BLOCKED httpbin, burst, iris via component host: direct (Serve mode), at caller->pod, as the caller; but ok via activator (Proxy mode), as knative-serving/activator',
        'policy-denies-request-path: AuthorizationPolicy user1/policy denies sidecars in user1 at user1/new (403)',
        'at AuthorizationPolicy user1/policy spec.rules',
        'BLOCKED sleep via component host: direct (Serve mode), at caller->pod, as the caller; but ok via activator (Proxy mode), as knative-serving/activator',
        'policy-denies-request-path: AuthorizationPolicy user1/policy denies sidecars in user2 at user1/new (403)',
        'at AuthorizationPolicy user1/policy spec.rules'
      ],
      'user1/new'
    ],
    'the message about callers of several namespaces names none of them': [
      [model(STANDARD), pod('user3', 'sleep', 'a: b', 'sidecar'), allow('{ namespaces: [user1] }')],
      [
        'user1/new: 3 of 6 workloads can call it',
        'ok      httpbin, burst, iris via InferenceService URL: as the caller',
        'BLOCKED batch via InferenceService URL: at caller->pod, unauthenticated',
        'policy-denies-request-path: AuthorizationPolicy user1/policy denies callers without a sidecar at user1/new (403)',
        'at AuthorizationPolicy user1/policy spec.rules',
        'BLOCKED sleep, user3/sleep via InferenceService URL: at caller->pod, as the caller',
        'policy-denies-request-path: AuthorizationPolicy user1/policy denies callers of other namespaces at user1/new (403)',
        'at AuthorizationPolicy user1/policy spec.rules'
      ],
      'user1/new'
    ],
    'a message about a hop behind the callers is unchanged': [
      [
        model(DIRECT),
        clientRule('knative-local-gateway.istio-system.svc.cluster.local', '{ tls: { mode: ISTIO_MUTUAL } }')
      ],
      [
        'client-mtls-to-plain-listener: istio-system gateways send mTLS to Gateway knative-serving/knative-local-gateway:8081, which accepts only plaintext'
      ],
      'user1/new'
    ],
    'a required JWT is named': [
      [model(STANDARD), tokens(), authorizing('{ rules: [{ from: [{ source: { requestPrincipals: ["*"] } }] }] }')],
      [
        'user1/new: 5 of 5 workloads can call it',
        'ok      batch via InferenceService URL: unauthenticated, with a JWT',
        'ok      httpbin, burst, iris, sleep via InferenceService URL: as the caller, with a JWT'
      ],
      'user1/new'
    ],
    'transformers call the predictor': [
      [
        model(DIRECT, `${SKLEARN}, transformer: { containers: [] }`),
        ownPod('t', 'transformer'),
        ownPod('p', 'predictor')
      ],
      ['ok      httpbin, burst, iris, user1/t, sleep via predictor host: direct (Serve mode), as the caller'],
      'user1/new'
    ],
    'explainers call the predictor': [
      [
        model(STANDARD, `${SKLEARN}, explainer: { containers: [] }`),
        ownPod('e', 'explainer'),
        ownPod('p', 'predictor')
      ],
      ['ok      user1/e, httpbin, burst, iris, sleep via InferenceService URL: as the caller'],
      'user1/new'
    ],
    'canaries have an address': [
      [model(STANDARD, `${SKLEARN}, canary: [{ predictor: { name: v2 }, trafficPercent: 10 }]`)],
      ['ok      batch via InferenceService URL or via canary v2: unauthenticated'],
      'user1/new'
    ],
    'the previous revision is named': [
      [
        `${model(DIRECT)}status: { components: { predictor: { latestReadyRevision: new-predictor-00002, traffic: [{ revisionName: new-predictor-00001, percent: 10 }] } } }\n`,
        ...[1, 2].map(one =>
          pod(
            'user1',
            `new-${one}`,
            `serving.kserve.io/inferenceservice: new, component: predictor, security.istio.io/tlsMode: istio, serving.knative.dev/revision: new-predictor-0000${one}`,
            'sidecar'
          )
        )
      ],
      [
        'ok      httpbin, burst, iris, sleep via component host: direct (Serve mode), as the caller; direct (Serve mode), previous revision, as the caller'
      ],
      'user1/new'
    ],
    'a ServiceEntry has the host': [
      [hostTaken('sklearn-iris.user1.svc.cluster.local')],
      ['unknown: ServiceEntry istio-system/taken has a host of the model; which Service proxies use is not modeled']
    ],
    'a VirtualService diverts the callers of one namespace': [
      [
        model(DIRECT),
        `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { namespace: user2, name: new }
spec: { hosts: [new-predictor.user1.svc.cluster.local], exportTo: ["."], http: [{ directResponse: { status: 404 } }] }
`
      ],
      [
        'ok      httpbin, burst, iris via component host: direct (Serve mode), as the caller',
        'BLOCKED sleep via component host: at caller->local-gateway',
        'virtualservice-diverts-model: VirtualService user2/new answers with a direct response for new-predictor.user1',
        'at VirtualService user2/new spec.http'
      ],
      'user1/new'
    ],
    'objects that are not evaluated are noted': [
      [
        `\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { namespace: istio-system, name: np }\nspec: { ingress: [{ from: [{ namespaceSelector: {} }] }] }\n`
      ],
      ['note: NetworkPolicy istio-system/np is not evaluated']
    ],
    'a rejected configuration blocks all callers of a new model': [
      [model(''), configMap('kserve', 'inferenceservice-config', { ingress: 'odd' })],
      [
        'user1/new: 0 of 5 workloads can call it',
        'BLOCKED batch, httpbin, burst, iris, sleep via InferenceService URL: at controller',
        'configuration-rejected: KServe rejects "odd": value is not a JSON object; kserve/inferenceservice-config gets no route',
        'at ConfigMap kserve/inferenceservice-config data.ingress'
      ],
      'user1/new'
    ],
    ModelMesh: [
      [model(', annotations: { serving.kserve.io/deploymentMode: ModelMesh }')],
      ['user1/new: no request paths: ModelMesh pods are shared and are not modeled'],
      'user1/new'
    ],
    LLMInferenceService: [
      [
        `\napiVersion: serving.kserve.io/v1alpha1\nkind: LLMInferenceService\nmetadata: { namespace: user1, name: new }\nspec: {}\n`
      ],
      ['not evaluated: paths: LLMInferenceService user1/new: LLMInferenceServices are not modeled at gateway->pod'],
      'user1/new'
    ]
  }

for (const [name, [objects, lines, model]] of Object.entries(TEXTS)) {
  t.test(`text: ${name}`, async t => {
    const text = textOf(stockWith(together(...objects)), model)
    if (lines[0]?.startsWith('user1/')) t.same(text, lines)
    else
      t.same(
        lines.filter(line => !text.includes(line)),
        [],
        'the text has these lines'
      )
  })
}

t.test('text without models or callers', async t => {
  t.same(textOf(stateOf('')), ['no InferenceService found'])
  t.same(textOf(stateOf(model('')), 'user1/new')[0], 'user1/new: no other workload runs')
})

t.test('wide text has all names, the host and every hop', async t => {
  const more = Array.from({ length: 7 }, (_, i) => pod('user2', `client-${i}`, 'a: b', 'sidecar'))
  const state = stockWith(together(model(STANDARD), policy('user1', '{ mtls: { mode: STRICT } }'), ...more))
  const names = more.map((_, i) => `user2/client-${i}`)
  t.match(textOf(state, 'user1/new'), [/./, /^ok +httpbin, burst, iris, .*user2\/client-1 and 6 more via /])
  const lines = linesOf(toAccessWide(state, evaluate(state, 'user1/new'), false))
  t.match(lines, [
    'user1/new: 11 of 12 workloads can call it',
    `ok      httpbin, burst, iris, ${names.join(', ')}, sleep via InferenceService URL: as the caller`,
    'host new-predictor.user1.svc.cluster.local',
    'ok      caller->pod',
    /^client sends mTLS /,
    /^server accepts only mTLS /,
    'authz: allowed, user1/httpbin (no AuthorizationPolicy denies it)',
    'BLOCKED batch via InferenceService URL: at caller->pod',
    'host new-predictor.user1.svc.cluster.local',
    'BLOCKED caller->pod',
    /^client sends plaintext /,
    /^server accepts only mTLS /,
    /^plaintext-to-strict-workload: /,
    /^at PeerAuthentication /,
    /^fix: /
  ])
})

t.test('wide text names each of several paths', async t => {
  const state = stockWith(model(''))
  const lines = linesOf(toAccessWide(state, evaluate(state, 'user1/new'), false))
  t.same(
    lines.filter(line => line.startsWith('path ')),
    [
      ...['direct (Serve mode), as ingress', 'via activator (Proxy mode), unauthenticated'],
      ...['direct (Serve mode), as ingress', 'via activator (Proxy mode), unauthenticated'],
      ...['direct (Serve mode), as ingress', 'via activator (Proxy mode), unauthenticated'],
      ...['direct (Serve mode), as the caller', 'via activator (Proxy mode), unauthenticated']
    ].map(path => `path ${path}:`)
  )
})

t.test('JSON has workloads once, and results with their positions', async t => {
  const state = stockWith(together(model(STANDARD), STRICT, pod('batch', 'other', 'a: b', 'none')))
  const view = viewOf(state, 'user1/new')
  accessSchema.parse(JSON.parse(JSON.stringify(view)))
  t.match(view.workloads[1], {
    namespace: 'batch',
    kind: 'Pod',
    name: 'other',
    serviceAccount: 'default',
    proxy: 'none',
    pods: 1
  })
  t.match(view.models, [
    {
      inferenceService: 'user1/new',
      modeled: true,
      calls: [
        {
          via: 'address',
          host: 'new-predictor.user1.svc.cluster.local',
          verdict: 'blocked',
          workloads: [0, 1],
          paths: [
            {
              verdict: 'blocked',
              hops: ['caller->pod'],
              identities: { length: 0 },
              jwtRequired: false,
              cause: 'plaintext-to-strict-workload',
              failure: { rule: 'plaintext-to-strict-workload', object: { kind: 'PeerAuthentication' }, fix: undefined }
            }
          ]
        },
        { verdict: 'ok', workloads: [2, 3, 4, 5], paths: [{ verdict: 'ok', identities: ['caller'] }] }
      ]
    }
  ])
})
