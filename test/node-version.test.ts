import t from 'tap'
import { describeOldNode } from '../src/node-version.ts'
import { end, start } from './support/program.ts'

t.test('versions before the one of package.json are too old', async t => {
  for (const [version, isOld] of [
    ['9.0.0', true],
    ['20.19.2', true],
    ['22.18.9', true],
    ['22.19.0', false],
    ['24.1.0', false],
    ['100.0.0', false]
  ] as const)
    t.equal(describeOldNode(version) !== undefined, isOld, version)
})

t.test('an old Node.js gets a message that names the oldest version, not a stack trace', async t => {
  const old = "Object.defineProperty(process.versions, 'node', { value: '20.19.2' })"
  const program = start(t, ['--version'], '', {
    NODE_OPTIONS: `--import "data:text/javascript,${encodeURIComponent(old)}"`
  })
  t.same(await end(program), {
    code: 2,
    out: '',
    err: 'error: Node.js 20.19.2: too old for mesh-guard; use 22.19 or newer, or the executable of the release\n'
  })
})
