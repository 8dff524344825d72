import t from 'tap'
import { access } from '../../src/engine/access.ts'
import { modelKey } from '../../src/engine/incremental/evaluate.ts'
import { DEFAULT_POLICY, policyAt } from '../../src/engine/to-findings.ts'
import { toAccess } from '../../src/report/access.ts'
import { toAccessText } from '../../src/report/access-text.ts'
import { RULES } from '../../src/rules/index.ts'
import type { Snapshot } from '../../src/state/snapshot.ts'
import { clientRule, graph, model, pod, policy, together } from '../support/objects.ts'
import { stockWith } from '../support/snapshot.ts'

const STANDARD = ', annotations: { serving.kserve.io/deploymentMode: Standard }'
const STRICT = policy('user1', '{ mtls: { mode: STRICT } }')
const LOCAL = clientRule('knative-local-gateway.istio-system.svc.cluster.local', '{ tls: { mode: ISTIO_MUTUAL } }')

const evaluate = (state: Snapshot, rules = RULES, own = DEFAULT_POLICY) =>
  access(state, one => modelKey(one) === 'user1/new', rules, own)

t.test('the decision counts workloads that are known to call', async t => {
  const router = (namespace: string) => pod(namespace, 'router', 'serving.kserve.io/inferencegraph: graph', 'none')
  const DECISIONS = {
    'no path is blocked': [[model(STANDARD)], 'allow'],
    'a workload without a sidecar is blocked': [[model(STANDARD), STRICT], 'allow'],
    'workloads with a sidecar are blocked': [[model(''), LOCAL], 'deny'],
    'a router of an InferenceGraph without a sidecar is blocked': [
      [model(STANDARD), STRICT, graph(''), router('user1')],
      'deny'
    ],
    'a router of another namespace is blocked': [[model(STANDARD), STRICT, graph(''), router('user2')], 'allow'],
    'a transformer without a sidecar is blocked': [
      [
        model(STANDARD, 'predictor: { model: { modelFormat: { name: sklearn } } }, transformer: { containers: [] }'),
        pod('user1', 't', 'serving.kserve.io/inferenceservice: new, component: transformer', 'none'),
        STRICT
      ],
      'deny'
    ]
  } as const
  for (const [name, [objects, decision]] of Object.entries(DECISIONS)) {
    t.equal(evaluate(stockWith(together(...objects))).decision, decision, name)
  }
})

t.test('callers are told apart by NetworkPolicies for what they send', async t => {
  const isolate = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { namespace: user2, name: isolate }
spec: { podSelector: {}, policyTypes: [Egress] }
`
  const caller = (namespace: string) => pod(namespace, `of-${namespace}`, 'app: caller', 'sidecar')
  const { models } = evaluate(stockWith(together(model(''), isolate, caller('user2'), caller('batch'))))
  const results = models.flatMap(({ calls }) =>
    calls.flatMap(({ workloads, paths }) =>
      workloads.map(({ name }) => `${name} ${paths.some(({ failure }) => failure !== undefined) ? 'blocked' : 'ok'}`)
    )
  )
  t.same([...new Set(results.filter(line => line.startsWith('of-')))].sort(), ['of-batch ok', 'of-user2 blocked'])
})

t.test('an exception suppresses findings', async t => {
  const rule = 'client-mtls-to-plain-listener'
  const exceptions = [{ rule, selector: {}, reason: 'migration', owner: 'team', expires: '2027-01-31' }]
  const own = policyAt({ ...DEFAULT_POLICY, exceptions }, Date.parse('2027-01-01'))
  t.match(evaluate(stockWith(together(model(''), LOCAL)), RULES, own), {
    decision: 'allow',
    suppressed: [{ rule, exception: { state: 'active' } }]
  })
})

t.test('evaluations without a result are listed', async t => {
  const state = stockWith(together(model(''), LOCAL))
  t.match(evaluate(state.withUnreadable(new Map([['Gateway', 'forbidden']]))), {
    decision: 'warn',
    models: { length: 0 },
    notEvaluated: [{ rule: 'paths', missing: ['Gateway'] }]
  })
  t.match(evaluate(state.withUnreadable(new Map([['Pod', 'forbidden']]))), {
    models: { length: 0 },
    notEvaluated: [{ rule: 'paths', missing: ['Pod'] }]
  })
  t.match(evaluate(state.withUnreadable(new Map([['InferenceService', 'forbidden']]))), {
    models: { length: 0 },
    notEvaluated: [{ rule: 'paths', missing: ['InferenceService'] }]
  })
  t.match(evaluate(state.withUnreadable(new Map([['LLMInferenceService', 'forbidden']]))), {
    models: { length: 1 },
    notEvaluated: [{ rule: 'paths', missing: ['LLMInferenceService'] }]
  })
  const broken = () => {
    throw new Error('odd')
  }
  const failures = {
    ...RULES.failures,
    'mtls-to-plain-listener': { ...RULES.failures['mtls-to-plain-listener'], explain: broken }
  }
  const failing = evaluate(state, { ...RULES, failures })
  t.match(failing.notEvaluated, [{ rule: 'client-mtls-to-plain-listener', reason: 'it failed: odd' }])
  t.match(toAccessText(toAccess(state, failing)), 'blocked; cause not evaluated: it failed: odd')
})
