import t from 'tap'
import rule from '../../src/rules/destinationrule-tls-without-mode.ts'
import { clientRule } from '../support/objects.ts'
import { testRule } from '../support/table-test.ts'

const policyOf = (tls: string) =>
  `{ portLevelSettings: [{ port: { number: 80 } }, { port: { number: 81 }, tls: ${tls} }, { port: { number: 82 }, tls: { mode: SIMPLE } }] }`
const NAME = 'DestinationRule istio-system/default'

testRule(t, rule, {
  'no trafficPolicy': [clientRule('a', '{}').replace(', trafficPolicy: {}', ''), []],
  'no tls': [clientRule('a', '{ connectionPool: {} }'), []],
  'tls with mode': [clientRule('a', '{ tls: { mode: SIMPLE } }'), []],
  'tls of a port': [
    clientRule('a', policyOf('{ sni: x }')),
    [`${NAME} spec.trafficPolicy.portLevelSettings[1].tls.mode`]
  ],
  'tls of a subset': [
    clientRule('a', '{}').replace(
      'trafficPolicy: {}',
      'subsets: [{ name: a }, { name: b, trafficPolicy: { tls: {} } }]'
    ),
    [`${NAME} spec.subsets[1].trafficPolicy.tls.mode`]
  ],
  'each field is reported': [
    clientRule('a', '{ tls: {}, portLevelSettings: [{ port: { number: 80 }, tls: {} }] }'),
    [`${NAME} spec.trafficPolicy.portLevelSettings[0].tls.mode`, `${NAME} spec.trafficPolicy.tls.mode`]
  ]
})
