import { join } from 'node:path'
import t from 'tap'
import { readFiles } from '../../src/sources/files.ts'

const namespace = (name: string) => `apiVersion: v1\nkind: Namespace\nmetadata: { name: ${name} }\n`

t.test('files and directories are read in order', async t => {
  const folder = t.testdir({
    'b.yaml': namespace('b'),
    'a.yml': namespace('a'),
    'c.txt': 'not a manifest',
    inner: { 'd.json': '{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"d"}}' }
  })
  t.same(
    readFiles([folder, join(folder, 'b.yaml')]).map(({ ref }) => ref.name),
    ['a', 'b', 'd', 'b']
  )
})

t.test('unreadable files are errors', async t => {
  t.throws(() => readFiles(['/nonexistent']), {
    name: 'InvalidInput',
    message: '/nonexistent: no such file or directory'
  })
  t.throws(() => readFiles([t.testdir({ a: {} }), '/dev/null/x']), { message: /^\/dev\/null\/x: / })
  const folder = t.testdir({ 'a.yaml': 'kind: X', 'b.yaml': ': [' })
  t.throws(() => readFiles([folder]), { message: /a.yaml:1: apiVersion.*\n.*b.yaml:1: / }, 'all errors of all files')
})

t.test('more errors than a call can have arguments', async t => {
  const folder = t.testdir({ 'a.yaml': `[${': '.repeat(150_000)}` })
  t.throws(() => readFiles([folder]), { name: 'InvalidInput', message: /^.*a.yaml:1: Unexpected : in flow sequence\n/ })
})
