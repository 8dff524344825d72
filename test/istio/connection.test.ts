import t from 'tap'
import { connect } from '../../src/istio/connection.ts'
import { clientRule } from '../support/objects.ts'
import { stateOf } from '../support/snapshot.ts'
import { workload } from '../support/workload.ts'

const gatewayPod = workload({
  namespace: 'istio-system',
  name: 'gateway',
  labels: { istio: 'ingressgateway' },
  serviceAccount: 'gateway',
  proxy: 'gateway'
})
const HOST = 'gateway.istio-system.svc.cluster.local'

/** Outcome of a connection of a sidecar in user1 to a gateway port with a TLS mode. */
function outcome(clientTls: string, serverTls: string) {
  const view = stateOf(`
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { namespace: istio-system, name: gateway }
spec:
  selector: { istio: ingressgateway }
  servers: [{ port: { number: 443, name: https, protocol: HTTPS }, hosts: ["*"], tls: { mode: ${serverTls} } }]
---${clientRule(HOST, `{ tls: { mode: ${clientTls} } }`)}`)
  const endpoint = { workload: gatewayPod, port: 443 }
  const destination = { host: HOST, namespace: 'istio-system', port: 443, headless: false, endpoints: [endpoint] }
  return connect(view, workload(), destination, endpoint).outcome
}

t.test('a gateway gets the identity of a client only from Istio mTLS', async t => {
  t.match(outcome('ISTIO_MUTUAL', 'ISTIO_MUTUAL'), {
    is: 'open',
    identity: 'spiffe://cluster.local/ns/user1/sa/default'
  })
  t.match(outcome('SIMPLE', 'SIMPLE'), { is: 'open', identity: undefined })
  t.match(outcome('MUTUAL', 'MUTUAL'), { is: 'open', identity: undefined })
  t.match(outcome('SIMPLE', 'ISTIO_MUTUAL'), { is: 'refused', refusal: { cause: 'certificate-refused' } })
})
