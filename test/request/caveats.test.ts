import t from 'tap'
import { answersOf } from '../../src/request/caveats.ts'
import { authorizing } from '../support/objects.ts'
import { stateOf } from '../support/snapshot.ts'
import { request, workload } from '../support/workload.ts'

t.test('answers of providers are listed for policies that can ask about the request', async t => {
  const reasons = (spec: string) =>
    answersOf(stateOf(authorizing(spec)), workload(), request()).map(({ reason }) => reason)
  const conditional = '[{ when: [{ key: "request.headers[x]", values: [a] }] }]'
  t.same(reasons(`{ action: CUSTOM, provider: { name: oauth2 }, rules: ${conditional} }`), [
    'answer of CUSTOM provider oauth2 is not modeled'
  ])
  t.same(reasons(`{ action: CUSTOM, rules: ${conditional} }`), ['answer of CUSTOM provider  is not modeled'])
  t.same(
    reasons('{ action: CUSTOM, provider: { name: oauth2 }, rules: [{ to: [{ operation: { methods: [GET] } }] }] }'),
    []
  )
  t.same(reasons(`{ action: DENY, rules: ${conditional} }`), [])
})
