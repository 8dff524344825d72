import t from 'tap'
import rule from '../../src/rules/peerauthentication-conflict.ts'
import { policy } from '../support/objects.ts'
import { findingsOf, testRule } from '../support/table-test.ts'

const named = (name: string, spec: string) => policy('user1', spec).replace('name: default', `name: ${name}`)
const two = (a: string, b: string) => `${named('a', a)}---${named('b', b)}`
const STRICT = 'mtls: { mode: STRICT }'
const PERMISSIVE = 'mtls: { mode: PERMISSIVE }'
const select = (labels: string) => `selector: { matchLabels: { ${labels} } }`
const PLACE = ['PeerAuthentication user1/b spec.selector']

testRule(t, rule, {
  'two for a namespace': [two(`{ ${PERMISSIVE} }`, `{ ${STRICT} }`), PLACE],
  'empty selector': [two(`{ ${PERMISSIVE} }`, `{ ${select('')}, ${STRICT} }`), PLACE],
  'equal settings': [two(`{ ${STRICT} }`, `{ ${STRICT} }`), []],
  'no settings': [two('null', 'null'), []],
  'equal selectors': [two(`{ ${select('a: b')}, ${PERMISSIVE} }`, `{ ${select('a: b')}, ${STRICT} }`), PLACE],
  'equal selectors, other ports': [
    two(
      `{ ${select('a: b')}, ${STRICT} }`,
      `{ ${select('a: b')}, ${STRICT}, portLevelMtls: { 8012: { mode: PERMISSIVE } } }`
    ),
    PLACE
  ],
  'overlapping selectors': [two(`{ ${select('a: b')}, ${PERMISSIVE} }`, `{ ${select('a: b, c: d')}, ${STRICT} }`), []],
  'namespace and selector': [two(`{ ${PERMISSIVE} }`, `{ ${select('a: b')}, ${STRICT} }`), []],
  'two namespaces': [`${named('a', `{ ${PERMISSIVE} }`)}---${policy('user2', `{ ${STRICT} }`)}`, []]
})

t.test('an ignored STRICT exposes the models', async t => {
  const opens = (yaml: string) => findingsOf(rule.id, yaml).map(({ exposes }) => exposes.length)
  t.same(opens(two(`{ ${PERMISSIVE} }`, `{ ${STRICT} }`)), [2])
  t.same(opens(two(`{ ${STRICT} }`, `{ ${PERMISSIVE} }`)), [0])
  t.same(opens(two(`{ ${select('a: b')}, ${PERMISSIVE} }`, `{ ${select('a: b')}, ${STRICT} }`)), [0])
})
