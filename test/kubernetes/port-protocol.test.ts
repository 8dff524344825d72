import t from 'tap'
import { protocolOf } from '../../src/kubernetes/port-protocol.ts'

t.test('appProtocol, else the port name, sets the protocol', async t => {
  for (const [port, protocol] of [
    [{ name: 'http', appProtocol: undefined }, 'http'],
    [{ name: 'http2-models', appProtocol: undefined }, 'http'],
    [{ name: 'grpc-web', appProtocol: undefined }, 'http'],
    [{ name: 'tcp-x', appProtocol: undefined }, 'tcp'],
    [{ name: 'x', appProtocol: undefined }, 'auto'],
    [{ name: undefined, appProtocol: undefined }, 'auto'],
    [{ name: 'tcp', appProtocol: 'kubernetes.io/h2c' }, 'http']
  ] as const) {
    t.equal(protocolOf(port), protocol, JSON.stringify(port))
  }
})
