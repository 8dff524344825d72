import t from 'tap'
import { all, any, not, type Tristate } from '../../src/text/tristate.ts'

t.test('all, any and not propagate unknown values', async t => {
  const table: readonly (readonly [readonly Tristate[], Tristate, Tristate])[] = [
    [[], true, false],
    [[true], true, true],
    [[false], false, false],
    [[undefined], undefined, undefined],
    [[true, undefined], undefined, true],
    [[undefined, false], false, undefined],
    [[true, false], false, true]
  ]
  for (const [values, every, some] of table) {
    t.equal(all(values), every, `all of ${values.join()}`)
    t.equal(any(values), some, `any of ${values.join()}`)
  }
  t.same([true, false, undefined].map(not), [false, true, undefined])
})
