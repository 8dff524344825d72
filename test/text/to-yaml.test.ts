import t from 'tap'
import { toYaml } from '../../src/text/to-yaml.ts'

t.test('values that an object has twice are written twice', async t => {
  const list = ['a']
  const empty: readonly string[] = []
  t.equal(toYaml({ one: list, two: list }), 'one:\n  - a\ntwo:\n  - a\n')
  t.equal(toYaml({ one: empty, two: [empty] }), 'one: []\ntwo:\n  - []\n')
  t.equal(toYaml({ text: 'a '.repeat(60).trim() }, { lineWidth: 0 }).split('\n').length, 2)
})
