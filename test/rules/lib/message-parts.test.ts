import t from 'tap'
import type { DestinationRule } from '../../../src/istio/destination-rule.ts'
import { clientTlsSource } from '../../../src/rules/lib/message-parts.ts'
import { resourceOf } from '../../support/snapshot.ts'

t.test('the source is the DestinationRule field that sets client TLS', async t => {
  for (const [spec, field] of [
    ['trafficPolicy: { tls: { mode: SIMPLE } }', 'spec.trafficPolicy.tls.mode'],
    [
      'trafficPolicy: { portLevelSettings: [{ port: { number: 81 } }, { port: { number: 80 }, tls: { mode: SIMPLE } }] }',
      'spec.trafficPolicy.portLevelSettings[1].tls.mode'
    ],
    ['subsets: [{ name: v1, trafficPolicy: { tls: { mode: SIMPLE } } }]', 'spec.subsets']
  ] as const) {
    const destinationRule = resourceOf(`
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { namespace: a, name: b }
spec: { host: c, ${spec} }
`) as DestinationRule
    const destination = { host: 'c', namespace: 'a', port: 80, headless: false, endpoints: [] }
    const source = clientTlsSource(
      { send: 'tls', sni: 'c', accepts: [], reason: 'destination-rule', destinationRule },
      destination
    )
    t.match(source, { object: { name: 'b' }, field }, field)
  }
})
