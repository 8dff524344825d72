import t from 'tap'
import { chainForSni, findListener } from '../../src/istio/gateway.ts'
import { toWorkload } from '../../src/state/workload.ts'
import { stateOf } from '../support/snapshot.ts'

// Vectors from Istio's code cover the listeners of a port; this test covers the selection of a filter chain by SNI.
t.test('the most specific SNI host takes precedence', async t => {
  const server = (name: string, host: string) =>
    `{ port: { number: 8443, name: ${name}, protocol: HTTPS }, hosts: ["${host}"], tls: { mode: ISTIO_MUTUAL } }`
  const state = stateOf(`
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { namespace: a, name: gateway }
spec:
  selector: { istio: ingressgateway }
  servers: [${server('any', '*.example.com')}, ${server('one', 'a.b.example.com')}, ${server('some', '*.b.example.com')}]
---
apiVersion: v1
kind: Pod
metadata: { namespace: a, name: pod, labels: { istio: ingressgateway } }
spec: { containers: [] }
`)
  const [listener] = state.list('Pod').map(pod => findListener(state, toWorkload(pod), 8443))
  for (const [sni, name] of [
    ['a.b.example.com', 'one'],
    ['c.b.example.com', 'some'],
    ['c.example.com', 'any'],
    ['example.org', undefined]
  ] as const) {
    t.equal(listener && chainForSni(listener, sni)?.servers[0].server.port.name, name, sni)
  }
})
