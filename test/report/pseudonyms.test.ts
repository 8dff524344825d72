import t from 'tap'
import { toPseudonyms } from '../../src/report/pseudonyms.ts'

for (const [words, kept, expected] of [
  [['acme'], [], ['naaa']],
  [['acme', 'beta'], ['default'], ['baaa', 'baab', 'default']],
  [['zeta'], ['zz'], ['maaa', 'zz']],
  [['istios'], ['istio', 'istiz'], ['istio', 'istiuaaa', 'istiz']],
  [['a3'], ['a', 'a5'], ['a', 'a2aaa', 'a5']],
  [['0'], ['1'], ['0aaa', '1']],
  [['zz0'], ['zz'], ['zz', 'zznaaa']],
  [['a0'], ['a', 'a00'], ['a', 'a0', 'a00']],
  [['a', 'b', 'naab'], ['naab'], ['gaaa', 'gaab', 'naab']]
] as const) {
  t.test(`${words} with ${kept}`, async t => {
    const all = new Set<string>([...words, ...kept])
    const pseudonyms = toPseudonyms(all, word => kept.some(one => one === word))
    const renamed = [...all].sort().map(word => pseudonyms.get(word) ?? word)
    t.same(renamed, expected)
    t.same(renamed, renamed.toSorted(), 'order')
  })
}

t.test('no pseudonym is a kept word', async t => {
  t.same([...toPseudonyms(new Set(['a', 'b']), word => word === 'naaa').values()], ['naab', 'naac'])
})
