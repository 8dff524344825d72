import t from 'tap'
import { goalFor, withGoalModes } from '../../src/engine/goal.ts'
import { type PlanStep, plan } from '../../src/engine/plan.ts'
import { DEFAULT_POLICY } from '../../src/engine/to-findings.ts'
import type { WantedChange } from '../../src/engine/wanted-change.ts'
import { RULES } from '../../src/rules/index.ts'
import type { Manifest } from '../../src/rules/lib/rule.ts'
import { readRef, readResource } from '../../src/sources/manifest.ts'
import { nameOf, type Resource } from '../../src/state/resource.ts'
import {
  authentication,
  authorization,
  clientRule,
  configMap,
  networkPolicy,
  pod,
  policy,
  together
} from '../support/objects.ts'
import { stockWith } from '../support/snapshot.ts'

const toChange = (object: Manifest): WantedChange => ({
  ref: readRef(object),
  resource: readResource(object) as Resource,
  object,
  deleting: false
})

function planFor(yaml: string, namespaces: readonly string[], policies = DEFAULT_POLICY) {
  const state = stockWith(yaml)
  const { changes, modes, unconfirmed, ...goal } = goalFor('ambient', state, namespaces, toChange)
  const context = { rules: RULES, policy: withGoalModes(policies, modes), read: readResource, cache: {}, ...goal }
  return { ...plan({ state, objects: new Map() }, changes, context), unconfirmed }
}

function describe({ wanted: { ref, restarts }, change, prevents, decision }: PlanStep): string {
  const what = restarts === undefined ? change.operation : `RESTART ${restarts.map(({ name }) => name).join(' ')} of`
  const rules = [...new Set(decision.findings.filter(({ mode }) => mode === 'deny').map(({ rule }) => rule))]
  const inserted = prevents === undefined ? '' : ` (inserted: ${prevents.rule})`
  return [`${what} ${nameOf(ref)}${inserted}`, ...rules].join(' - ')
}

/** Steps, then what is denied after them, with the rules. */
const stepsOf = ({ steps, denied }: ReturnType<typeof planFor>) => [
  ...steps.map(describe),
  ...denied.map(one => `DENY ${describe(one)}`)
]

const namespace = (name: string, labels: string) => `
apiVersion: v1
kind: Namespace
metadata: { name: ${name}, labels: { ${labels} } }
`
const INJECTED = 'security.istio.io/tlsMode: istio'
const CATS = `
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: cats
  namespace: vision
  creationTimestamp: "2026-01-01T00:00:00Z"
  annotations: { serving.kserve.io/deploymentMode: Standard }
spec: { predictor: { model: { modelFormat: { name: sklearn } } } }
`
const SERVER = pod(
  'vision',
  'cats-0',
  `app: isvc.cats-predictor, serving.kserve.io/inferenceservice: cats, component: predictor, ${INJECTED}`,
  'sidecar'
)
const client = (namespace: string, name: string) => pod(namespace, name, `app: client, ${INJECTED}`, 'sidecar')
const VISION = together(namespace('vision', 'istio-injection: enabled'), CATS, SERVER, client('vision', 'client'))
const STRICT = policy('vision', '{ mtls: { mode: STRICT } }')
const MESH_STRICT = policy('istio-system', '{ mtls: { mode: STRICT } }')
const DENY_PATH = authorization('vision', '{ action: DENY, rules: [{ to: [{ operation: { paths: [/admin] } }] }] }')
const CALLERS = together(
  VISION,
  STRICT,
  namespace('clients', 'istio.io/rev: default'),
  client('clients', 'one'),
  client('clients', 'two')
)
const HBONE = configMap('istio-system', 'istio', {
  mesh: 'defaultConfig: { proxyMetadata: { ISTIO_META_ENABLE_HBONE: "true" } }'
})
const selecting = (spec: string, name = 'own', namespace = 'vision') => `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { namespace: ${namespace}, name: ${name} }
spec: ${spec}
`
const INJECTOR = `
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: { name: all }
webhooks: [{ name: all.sidecar-injector.istio.io }]
`
const EXEMPT_WEBHOOK = selecting(
  '{ selector: { matchLabels: { app: webhook } }, portLevelMtls: { 8443: { mode: DISABLE }, 9000: { mode: STRICT } } }',
  'a-webhook',
  'knative-serving'
)
const MTLS_LOCAL_GATEWAY = `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { namespace: knative-serving, name: knative-local-gateway }
spec:
  selector: { istio: ingressgateway }
  servers: [{ hosts: ["*"], port: { number: 8081, name: https, protocol: HTTPS }, tls: { mode: ISTIO_MUTUAL } }]
---
${clientRule('knative-local-gateway.istio-system.svc.cluster.local', '{ tls: { mode: ISTIO_MUTUAL } }')}`

const LABEL = 'UPDATE Namespace vision'
const RESTART_MODEL = 'RESTART cats-0 of InferenceService vision/cats'
const ALL = [LABEL, RESTART_MODEL, 'RESTART client of Namespace vision']
const LABEL_CLIENTS = 'UPDATE Namespace clients'
const RESTART_CLIENTS = 'RESTART one two of Namespace clients'
const BURST_POD = 'sklearn-iris-burst-predictor-00001-deployment-5685f4d0c-x0k2p'
const IRIS_POD = 'sklearn-iris-predictor-00001-deployment-5685f4d0c-x0k2p'
const KNATIVE_PODS = [
  'activator-7f77bdbcdb-xh79h',
  'autoscaler-546dd95779-mqtjh',
  'net-istio-webhook-5c5c7569fc-hnk4k',
  'webhook-754f8bc47f-wghnv'
].join(' ')

/** By test name: objects beside the example cluster, namespaces, and the plan. */
const PLANS: Readonly<
  Record<string, readonly [yaml: string, namespaces: readonly string[], expected: readonly string[]]>
> = {
  'servers restart before their callers': [VISION, ['vision'], ALL],
  'STRICT is enforced without sidecars': [together(VISION, STRICT), ['vision'], ALL],
  'a policy with paths has no effect': [
    together(VISION, DENY_PATH),
    ['vision'],
    [`DENY ${LABEL} - policy-not-enforced-by-ztunnel`]
  ],
  'a policy with paths allows less': [
    together(VISION, authorization('vision', '{ rules: [{ to: [{ operation: { paths: ["/v1/*"] } }] }] }')),
    ['vision'],
    [`DENY ${LABEL} - policy-denies-request-path - policy-not-enforced-by-ztunnel`]
  ],
  'JWTs are not validated': [
    together(VISION, authentication('vision', '{ jwtRules: [{ issuer: a }] }')),
    ['vision'],
    [`DENY ${LABEL} - policy-not-enforced-by-ztunnel`]
  ],
  'empty selectors go first': [
    together(
      VISION,
      authorization('vision', '{ selector: {}, action: DENY, rules: [{ from: [{ source: { namespaces: [a] } }] }] }'),
      selecting('{ selector: {}, mtls: { mode: STRICT } }')
    ),
    ['vision'],
    ['UPDATE PeerAuthentication vision/own', 'UPDATE AuthorizationPolicy vision/rules', ...ALL]
  ],
  'a webhook port that is DISABLE under STRICT becomes PERMISSIVE': [
    together(MESH_STRICT, HBONE, EXEMPT_WEBHOOK),
    ['knative-serving'],
    [
      'UPDATE PeerAuthentication knative-serving/a-webhook',
      'UPDATE Namespace knative-serving',
      `RESTART ${BURST_POD} of InferenceService user1/sklearn-iris-burst (inserted: plaintext-to-strict-workload)`,
      `RESTART ${IRIS_POD} of InferenceService user1/sklearn-iris (inserted: plaintext-to-strict-workload)`,
      `RESTART ${KNATIVE_PODS} of Namespace knative-serving`
    ]
  ],
  'servers of another namespace first accept HBONE': [
    together(CALLERS, HBONE),
    ['clients'],
    [LABEL_CLIENTS, `${RESTART_MODEL} (inserted: plaintext-to-strict-workload)`, RESTART_CLIENTS]
  ],
  'servers that cannot accept HBONE first accept plaintext': [
    CALLERS,
    ['clients'],
    [
      LABEL_CLIENTS,
      'CREATE PeerAuthentication vision/cats-plaintext-ports (inserted: plaintext-to-strict-workload)',
      RESTART_CLIENTS
    ]
  ],
  'two namespaces: servers restart first': [
    CALLERS,
    ['clients', 'vision'],
    [LABEL_CLIENTS, LABEL, RESTART_MODEL, RESTART_CLIENTS, 'RESTART client of Namespace vision']
  ],
  'a gateway that accepts only mTLS first accepts plaintext': [
    together(MTLS_LOCAL_GATEWAY),
    ['user1'],
    [
      'UPDATE Namespace user1',
      `RESTART ${BURST_POD} of InferenceService user1/sklearn-iris-burst`,
      `RESTART ${IRIS_POD} of InferenceService user1/sklearn-iris`,
      'UPDATE Gateway knative-serving/knative-local-gateway (inserted: plaintext-to-mtls-gateway)',
      'RESTART httpbin-6484879498-qxqj8 of Namespace user1'
    ]
  ],
  'nothing to do': [namespace('vision', 'istio.io/dataplane-mode: ambient'), ['vision'], []],
  'only restarts are left': [
    together(namespace('vision', 'istio.io/dataplane-mode: ambient'), CATS, SERVER),
    ['vision'],
    [RESTART_MODEL]
  ],
  'pods whose template has the sidecar keep it': [
    together(namespace('vision', ''), pod('vision', 'x', 'sidecar.istio.io/inject: "false"', 'sidecar')),
    ['vision'],
    [LABEL]
  ],
  'pods that another injector gives sidecars keep them': [together(VISION, INJECTOR), ['vision'], [LABEL]],
  'a namespace without an object': [
    client('jobs', 'job'),
    ['jobs'],
    ['CREATE Namespace jobs', 'RESTART job of Namespace jobs']
  ]
}

for (const [name, [yaml, namespaces, expected]] of Object.entries(PLANS)) {
  t.test(name, async t => t.same(stepsOf(planFor(yaml, namespaces)), expected))
}

t.test('the finding names the policy that blocks the goal, and the configuration decides', async t => {
  const blocked = together(VISION, DENY_PATH)
  t.match(planFor(blocked, ['vision']), {
    outcome: 'impossible',
    denied: [
      {
        decision: {
          findings: [
            {
              object: { kind: 'AuthorizationPolicy', name: 'rules' },
              field: 'spec.rules[0]',
              fix: { text: /^Bind a waypoint / }
            }
          ]
        }
      }
    ]
  })
  const rules = { 'policy-not-enforced-by-ztunnel': 'warn' } as const
  t.equal(planFor(blocked, ['vision'], { ...DEFAULT_POLICY, rules }).outcome, 'planned')
  t.equal(planFor(blocked, ['vision'], { ...DEFAULT_POLICY, defaultMode: 'audit' }).outcome, 'planned')
})

t.test('labels of the namespace', async t => {
  const labelsOf = (yaml: string) => planFor(yaml, ['vision']).steps[0]?.wanted.object
  for (const [name, yaml, expected] of [
    ['injected', namespace('vision', 'istio-injection: enabled, a: b'), { 'istio-injection': 'disabled', a: 'b' }],
    ['injected by a revision', namespace('vision', 'istio.io/rev: default'), { 'istio-injection': 'disabled' }],
    ['not injected', namespace('vision', 'a: b'), { a: 'b' }],
    [
      'injected by a label of a pod',
      together(namespace('vision', ''), pod('vision', 'x', 'sidecar.istio.io/inject: "true"', 'sidecar')),
      { 'istio-injection': 'disabled' }
    ]
  ] as const)
    t.same(
      labelsOf(yaml),
      {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: 'vision', labels: { ...expected, 'istio.io/dataplane-mode': 'ambient' } }
      },
      name
    )
})

t.test('rewritten policies', async t => {
  const [exempt] = planFor(together(MESH_STRICT, EXEMPT_WEBHOOK), ['knative-serving']).steps
  t.match(exempt?.wanted.object, {
    spec: {
      selector: { matchLabels: { app: 'webhook' } },
      portLevelMtls: { 8443: { mode: 'PERMISSIVE' }, 9000: { mode: 'STRICT' } }
    }
  })
  const [peer] = planFor(together(VISION, selecting('{ selector: {}, mtls: { mode: STRICT } }')), ['vision']).steps
  t.same((peer?.wanted.object as Manifest | undefined)?.['spec'], { mtls: { mode: 'STRICT' } })
  const state = stockWith(together(VISION, selecting('{ selector: {}, mtls: { mode: STRICT } }')))
  const [policies, label] = goalFor('ambient', state, ['vision'], toChange).changes
  t.same(label?.after, [policies], 'the label is not set without them')
})

const ZTUNNEL = together(HBONE, pod('istio-system', 'ztunnel-0', 'app: ztunnel', 'none'))
const route = (name: string, more = '') => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { namespace: vision, name: ${name} }
spec: { hosts: [a.example.com], http: [{ route: [{ destination: { host: b.example.com } }] }] ${more} }
`
const owned = (yaml: string) =>
  yaml.replace(
    'name: a ',
    'name: a, ownerReferences: [{ apiVersion: networking.internal.knative.dev/v1alpha1, kind: Ingress, name: a, controller: true }] '
  )

/** By test name: objects, and what is not confirmed. */
const UNCONFIRMED: Readonly<Record<string, readonly [yaml: string, expected: readonly RegExp[]]>> = {
  'ambient mode is installed': [ZTUNNEL, []],
  'no ztunnel, and sidecars without HBONE': [
    '',
    [/the state has no ztunnel pods/, /ISTIO_META_ENABLE_HBONE is not set/]
  ],
  'a pod with its own sidecar': [
    together(ZTUNNEL, pod('vision', 'x', 'sidecar.istio.io/inject: "false"', 'sidecar')),
    [/^Pod vision\/x spec.containers: a restart keeps its sidecar/]
  ],
  'an injector that ignores labels': [
    together(ZTUNNEL, INJECTOR),
    [/^Pod vision\/cats-0 spec.containers: a restart keeps/, /^Pod vision\/client spec.containers: a restart keeps/]
  ],
  'a pod that opts out': [
    together(ZTUNNEL, pod('vision', 'x', 'istio.io/dataplane-mode: none', 'sidecar')),
    [/^Pod vision\/x metadata.labels: .* keeps it out of ambient mode/]
  ],
  'a completed pod': [
    together(
      ZTUNNEL,
      `${pod('vision', 'x', 'istio.io/dataplane-mode: none', 'none').trimEnd()}\nstatus: { phase: Failed }`
    ),
    []
  ],
  'a gateway': [
    together(ZTUNNEL, pod('vision', 'x', 'a: b', 'router')),
    [/^Pod vision\/x metadata.labels: calls of a gateway in ambient mode are not evaluated/]
  ],
  'a gateway that opts out': [together(ZTUNNEL, pod('vision', 'x', 'istio.io/dataplane-mode: none', 'router')), []],
  'STRICT on a port that ztunnel does not enforce': [
    together(
      ZTUNNEL,
      MESH_STRICT,
      selecting(
        '{ selector: { matchLabels: { app: client } }, mtls: { mode: PERMISSIVE }, portLevelMtls: { 8443: { mode: STRICT } } }'
      )
    ),
    [/^PeerAuthentication vision\/own spec: sidecars enforce STRICT on port 8443, ztunnel does not/]
  ],
  'a NetworkPolicy': [
    together(ZTUNNEL, networkPolicy('{ podSelector: {} }', 'vision')),
    [/^NetworkPolicy vision\/isolate spec: kubelet probes come from 169.254.7.127/]
  ],
  'configuration of sidecars': [
    together(
      ZTUNNEL,
      clientRule('a.example.com', '{ tls: { mode: SIMPLE } }', 'vision'),
      route('b'),
      route('c', ', gateways: [some]'),
      owned(route('a '))
    ),
    [
      /^DestinationRule vision\/default spec: ztunnel reads no DestinationRules/,
      /^VirtualService vision\/b spec: ztunnel reads no VirtualServices/
    ]
  ]
}

for (const [name, [yaml, expected]] of Object.entries(UNCONFIRMED)) {
  t.test(`not confirmed: ${name}`, async t => {
    const { unconfirmed } = planFor(together(VISION, yaml), ['vision'])
    const lines = unconfirmed.map(({ object, field, reason }) => `${object && nameOf(object)} ${field}: ${reason}`)
    t.equal(lines.length, expected.length)
    t.match(lines, expected)
  })
}

t.test('routes that controllers create for a model are evaluated', async t => {
  t.notMatch(planFor(ZTUNNEL, ['user1']).unconfirmed, [{ object: { kind: 'VirtualService' } }])
})
