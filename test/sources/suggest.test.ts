import t from 'tap'
import { suggest } from '../../src/sources/suggest.ts'

t.test('suggests the nearest candidate within a third of the length', t => {
  for (const [written, candidates, expected] of [
    ['rulez', ['rules', 'schema'], '; did you mean rules?'],
    ['user11', ['user1', 'user2'], '; did you mean user1?'],
    ['abc', ['abd'], '; did you mean abd?'],
    ['ab', ['ac'], ''],
    ['abcde', ['abdce'], '; did you mean abdce?'],
    ['plna', ['plan', 'trace'], '; did you mean plan?'],
    ['palnx', ['plan'], ''],
    ['abcde', ['badce'], ''],
    ['everything', ['--rule', '--config'], ''],
    ['', ['a'], ''],
    ['a', [], '']
  ] as const) {
    t.equal(suggest(written, candidates), expected, written)
  }
  t.end()
})

t.test('candidates that start with the word take precedence', t => {
  t.equal(
    suggest('strict', ['strikt', 'strict-mesh-plain-local-gateway']),
    '; did you mean strict-mesh-plain-local-gateway?'
  )
  t.equal(suggest('user', ['users', 'user-interface']), '; did you mean users?')
  t.end()
})

t.test('suggests the same name in another namespace', t => {
  t.equal(suggest('default/iris', ['user1/iris', 'user1/iris-2']), '; did you mean user1/iris?')
  t.equal(suggest('default/iris', ['user1/xiris']), '')
  t.equal(suggest('default/', ['user1/']), '')
  t.end()
})
