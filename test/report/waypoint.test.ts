/** How paths through waypoints are shown. */
import t from 'tap'
import { access } from '../../src/engine/access.ts'
import { explain } from '../../src/engine/explain.ts'
import { DEFAULT_POLICY } from '../../src/engine/to-findings.ts'
import { toAccess } from '../../src/report/access.ts'
import { workloadName } from '../../src/report/access-text.ts'
import { toExplanation } from '../../src/report/explanation.ts'
import { RULES } from '../../src/rules/index.ts'
import { authorization, model, namespace, pod, policy, together, waypoint } from '../support/objects.ts'
import { stockWith } from '../support/snapshot.ts'

const amb = (yaml: string) => yaml.replaceAll('user1', 'amb')
const captured = (yaml: string) =>
  yaml.replace('metadata: {', 'metadata: { annotations: { ambient.istio.io/redirection: enabled },')
const STATE = together(
  namespace('istio.io/dataplane-mode: ambient').replaceAll('user1', 'clients'),
  captured(pod('clients', 'client', 'app: client', 'none')),
  amb(namespace('istio.io/dataplane-mode: ambient, istio.io/use-waypoint: waypoint')),
  amb(waypoint()),
  amb(model(', annotations: { serving.kserve.io/deploymentMode: Standard }'))
)
const rules = (name: string) => `rules: [{ from: [{ source: { namespaces: [${name}] } }] }]`
const TO_WAYPOINT = 'targetRefs: [{ group: gateway.networking.k8s.io, kind: Gateway, name: waypoint }]'

t.test('a hop through a waypoint has two parts', async t => {
  for (const [name, policies, expected] of [
    ['no policy', [], ['caller->waypoint ok: clients/default', 'waypoint->pod ok: amb/waypoint']],
    [
      'pods refuse the waypoint',
      [authorization('user1', `{ ${rules('clients')} }`)],
      ['caller->waypoint ok: clients/default', 'waypoint->pod blocked: amb/waypoint']
    ],
    [
      'the waypoint refuses the client',
      [authorization('user1', `{ ${TO_WAYPOINT}, ${rules('others')} }`)],
      ['caller->waypoint blocked: clients/default']
    ]
  ] as const) {
    const state = stockWith(together(STATE, ...policies.map(amb)))
    const { models } = toExplanation(
      state,
      explain(state, ({ namespace }) => namespace === 'amb', RULES, DEFAULT_POLICY)
    )
    const path = models[0]?.paths.find(({ callerNamespaces }) => callerNamespaces?.includes('clients'))
    const hops = path?.hops.map(
      ({ name, verdict, calls: [call] }) =>
        `${name} ${verdict}: ${call?.identity?.replace(/^.*\/ns\//, '').replace('/sa/', '/')}`
    )
    t.same(hops, expected, name)
  }
})

t.test('gateways pass a waypoint by label', async t => {
  const label = 'istio.io/use-waypoint: waypoint, istio.io/ingress-use-waypoint: "true"'
  const strict = policy('user1', '{ mtls: { mode: STRICT } }')
  const state = stockWith(together(STATE, amb(strict), amb(namespace(`istio.io/dataplane-mode: ambient, ${label}`))))
  const { models } = toExplanation(
    state,
    explain(state, ({ namespace }) => namespace === 'amb', RULES, DEFAULT_POLICY)
  )
  const path = models[0]?.paths.find(({ caller }) => caller === 'external')
  t.same(
    path?.hops.map(({ name }) => name),
    ['caller->ingress-gateway', 'gateway->waypoint', 'waypoint->pod']
  )
  t.match(path?.hops[1]?.calls, [{ client: { configuredBy: [{ field: 'spec.containers' }] } }])
  t.match(path?.hops[2]?.calls, [{ server: { description: 'only HBONE', reason: 'ztunnel, STRICT' } }])
})

t.test('callers in ambient mode are marked', async t => {
  const state = stockWith(STATE)
  const { workloads } = toAccess(
    state,
    access(state, () => true, RULES, DEFAULT_POLICY)
  )
  t.ok(workloads.map(workloadName).includes('clients/client (ambient)'))
})
