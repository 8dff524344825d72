import t from 'tap'
import { chainForSni } from '../../src/istio/filter-chain.ts'
import { findListener } from '../../src/istio/gateway.ts'
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

t.test('a TLS server with a host of an older server is dropped, on the same bind', async t => {
  const server = (name: string, hosts: string, bind = '') =>
    `{ port: { number: 8443, name: ${name}, protocol: HTTPS }, hosts: [${hosts}], ${bind} tls: { mode: SIMPLE } }`
  const names = (...servers: readonly string[]) => {
    const state = stateOf(`
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { namespace: a, name: gateway }
spec: { selector: { istio: ingressgateway }, servers: [${servers.join(', ')}] }
---
apiVersion: v1
kind: Pod
metadata: { namespace: a, name: pod, labels: { istio: ingressgateway } }
spec: { containers: [] }
`)
    const [listener] = state.list('Pod').map(pod => findListener(state, toWorkload(pod), 8443))
    return listener?.chains.map(chain => chain.servers[0].server.port.name)
  }
  t.same(names(server('one', 'a.example.com'), server('other', 'a.example.com')), ['one'])
  const local = 'bind: 127.0.0.1,'
  t.same(names(server('one', 'a.example.com', local), server('other', 'a.example.com')), ['one', 'other'])
  t.same(
    names(server('all', '"*/*", a.example.com'), server('one', 'a.example.com')),
    ['all', 'one'],
    '*/* takes the place of all other hosts of its server'
  )
})
