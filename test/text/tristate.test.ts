import t from 'tap'
import { all, any, not, type Tristate } from '../../src/text/tristate.ts'

t.test('logic with unknown values', async t => {
  const table: readonly (readonly [readonly Tristate[], Tristate, Tristate])[] = [
    [[], true, false],
    [[true], true, true],
    [[false], false, false],
    [[undefined], undefined, undefined],
    [[true, undefined], undefined, true],
    [[undefined, false], false, undefined],
    [[true, false], false, true]
  ]
  for (const [answers, every, some] of table) {
    t.equal(all(answers), every, `all of ${answers.join()}`)
    t.equal(any(answers), some, `any of ${answers.join()}`)
  }
  t.same([true, false, undefined].map(not), [false, true, undefined])
})
