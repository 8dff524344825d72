import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { pathsOf } from '../../src/request/inference-service-paths.ts'
import { failedHopOf } from '../../src/request/request-path.ts'
import type { Snapshot } from '../../src/state/snapshot.ts'
import { resourceOf, stockWith } from './snapshot.ts'

const callers = z.array(z.string())
/** States `gateway/rule/strict` with the callers that reach the model, and the single steps between them. */
export const { states: STATES, steps: STEPS } = z
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
  .parse(parse(readFileSync(join(import.meta.dirname, '../engine/twelve-states.yaml'), 'utf8')))

const gateway = (servers: string) => `
apiVersion: networking.istio.io/v1beta1
kind: Gateway
metadata: { namespace: knative-serving, name: knative-local-gateway }
spec: { selector: { istio: ingressgateway }, servers: [${servers}] }
`
const plain = '{ hosts: ["*"], port: { name: http, number: 8081, protocol: HTTP } }'
const mutual = (host: string) =>
  `{ hosts: ["${host}"], port: { name: https, number: 8081, protocol: HTTPS }, tls: { mode: ISTIO_MUTUAL } }`
const GATEWAYS: Readonly<Record<string, string>> = {
  plain: gateway(plain),
  both: gateway(`${mutual('*.svc.cluster.local')}, ${plain}`),
  mutual: gateway(mutual('*'))
}
const RULE = `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { namespace: istio-system, name: default }
spec: { host: "*.local", trafficPolicy: { tls: { mode: ISTIO_MUTUAL } } }
`
const STRICT = `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { namespace: istio-system, name: default }
spec: { mtls: { mode: STRICT } }
`

const stock = stockWith()

/** Manifests of the gateway, the DestinationRule and the PeerAuthentication; `undefined` if a state does not have one. */
export function manifestsIn(state: string): readonly (string | undefined)[] {
  const [gateway = '', rule, strict] = state.split('/')
  return [GATEWAYS[gateway] ?? '', rule === 'rule' ? RULE : undefined, strict === 'strict' ? STRICT : undefined]
}

export function clusterIn(state: string): Snapshot {
  return manifestsIn(state).reduce(
    (cluster, manifest) =>
      manifest === undefined ? cluster : cluster.apply({ operation: 'CREATE', after: resourceOf(manifest) }),
    stock
  )
}

/** Callers that reach the InferenceService URL. */
export function reachable(cluster: Snapshot): readonly string[] {
  const model = cluster.get('InferenceService', 'user1', 'sklearn-iris')
  const paths = model === undefined ? [] : pathsOf(cluster, model).filter(({ entry }) => entry === 'address')
  const blocked = new Set(paths.filter(path => failedHopOf(path) !== undefined).map(({ caller }) => caller))
  return [...new Set(paths.map(({ caller }) => caller))].filter(caller => !blocked.has(caller))
}
