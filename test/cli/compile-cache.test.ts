import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { end, start } from '../support/program.ts'

t.test('compiled code is cached in the home directory', async t => {
  const home = t.testdir({})
  t.match(await end(start(t, ['--version'], '', { HOME: home })), { code: 0, out: /^\d/ })
  t.ok(existsSync(join(home, '.cache/mesh-guard')))
  t.match(await end(start(t, ['--version'], '', { HOME: '' })), { code: 0, out: /^\d/ }, 'without a home directory')
  t.match(await end(start(t, ['--version'], '', { HOME: '/dev/null' })), { code: 0, out: /^\d/ }, 'without access')
})
