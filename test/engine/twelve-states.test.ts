import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { z } from 'zod'
import { decide } from '../../src/engine/decide.ts'
import { DEFAULT_POLICY, type Policy } from '../../src/engine/to-findings.ts'
import { pathsOf } from '../../src/request/inference-service-paths.ts'
import { failedHopOf } from '../../src/request/request-path.ts'
import { RULES } from '../../src/rules/index.ts'
import type { Resource } from '../../src/state/resource.ts'
import type { Change, Snapshot } from '../../src/state/snapshot.ts'
import { resourceOf, stockWith } from '../support/snapshot.ts'

const callers = z.array(z.string())
const { states, steps } = z
  .object({
    states: z.array(z.object({ state: z.string(), reachable: callers })),
    steps: z.array(
      z.object({
        from: z.string(),
        to: z.string(),
        decision: z.string(),
        relaxed: z.string().optional(),
        named: z.boolean().default(false),
        caller: callers.optional()
      })
    )
  })
  .parse(parse(readFileSync(join(import.meta.dirname, 'twelve-states.yaml'), 'utf8')))

const gateway = (servers: string) =>
  resourceOf(`
apiVersion: networking.istio.io/v1beta1
kind: Gateway
metadata: { namespace: knative-serving, name: knative-local-gateway }
spec: { selector: { istio: ingressgateway }, servers: [${servers}] }
`)
const plain = '{ hosts: ["*"], port: { name: http, number: 8081, protocol: HTTP } }'
const mutual = (host: string) =>
  `{ hosts: ["${host}"], port: { name: https, number: 8081, protocol: HTTPS }, tls: { mode: ISTIO_MUTUAL } }`
const GATEWAYS: Readonly<Record<string, Resource>> = {
  plain: gateway(plain),
  both: gateway(`${mutual('*.svc.cluster.local')}, ${plain}`),
  mutual: gateway(mutual('*'))
}
const RULE = resourceOf(`
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { namespace: istio-system, name: default }
spec: { host: "*.local", trafficPolicy: { tls: { mode: ISTIO_MUTUAL } } }
`)
const STRICT = resourceOf(`
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { namespace: istio-system, name: default }
spec: { mtls: { mode: STRICT } }
`)

const stock = stockWith()
const part = (state: string, i: number) => state.split('/')[i] ?? ''
const gatewayIn = (state: string) => GATEWAYS[part(state, 0)] ?? RULE

function clusterIn(state: string): Snapshot {
  let cluster = stock.apply({ operation: 'CREATE', after: gatewayIn(state) })
  if (part(state, 1) === 'rule') cluster = cluster.apply({ operation: 'CREATE', after: RULE })
  if (part(state, 2) === 'strict') cluster = cluster.apply({ operation: 'CREATE', after: STRICT })
  return cluster
}

function changeOf(from: string, to: string): Change {
  if (part(from, 0) !== part(to, 0)) return { operation: 'UPDATE', before: gatewayIn(from), after: gatewayIn(to) }
  const [object, appears] =
    part(from, 1) === part(to, 1) ? [STRICT, part(to, 2) === 'strict'] : [RULE, part(to, 1) === 'rule']
  return appears ? { operation: 'CREATE', after: object } : { operation: 'DELETE', before: object }
}

/** Callers that reach the InferenceService URL. */
function reachable(cluster: Snapshot): readonly string[] {
  const model = cluster.get('InferenceService', 'user1', 'sklearn-iris')
  const paths = model === undefined ? [] : pathsOf(cluster, model).filter(({ entry }) => entry === 'address')
  const blocked = new Set(paths.filter(path => failedHopOf(path) !== undefined).map(({ caller }) => caller))
  return [...new Set(paths.map(({ caller }) => caller))].filter(caller => !blocked.has(caller))
}

const relaxed: Policy = { ...DEFAULT_POLICY, rules: { 'strict-mesh-plain-local-gateway': 'warn' } }
const decideChange = (from: string, to: string, policy = DEFAULT_POLICY) =>
  decide(clusterIn(from), changeOf(from, to), RULES, policy)

for (const { state, reachable: expected } of states) {
  t.test(`${state}: reachable callers`, async t => t.same(reachable(clusterIn(state)), expected))
}

for (const step of steps) {
  t.test(`${step.from} to ${step.to}`, async t => {
    const { decision, findings } = decideChange(step.from, step.to)
    t.equal(decision, step.decision)
    t.equal(
      findings.some(({ rule }) => rule === 'strict-mesh-plain-local-gateway'),
      step.named
    )
    if (step.relaxed !== undefined) t.equal(decideChange(step.from, step.to, relaxed).decision, step.relaxed)
    if (step.caller !== undefined) {
      t.same([...new Set(findings.flatMap(({ blocked }) => blocked.map(({ caller }) => caller)))].sort(), step.caller)
    }
  })
}

t.test('between two states without blocked in-mesh callers there is a path of admitted changes', async t => {
  const isReachable = (state: string) => reachable(clusterIn(state)).includes('in-mesh')
  const reachableStates = states.map(({ state }) => state).filter(isReachable)
  const isDenied = (state: string) => state === 'plain/no-rule/strict'
  const admitted = steps.filter(
    ({ from, to }) => isReachable(from) && isReachable(to) && decideChange(from, to).decision !== 'deny'
  )
  for (const start of reachableStates) {
    const reached = new Set([start])
    for (const state of reached) for (const { from, to } of admitted) if (from === state) reached.add(to)
    t.same(
      reachableStates.filter(state => !reached.has(state) && !isDenied(state)),
      [],
      `from ${start}`
    )
  }
})
