import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t from 'tap'

const root = join(import.meta.dirname, '../..')

interface Ran {
  readonly code: number | string | null | undefined
  readonly out: string
}

function shell(command: string): Promise<Ran> {
  return new Promise(resolve => {
    execFile('sh', ['-c', command], { cwd: root }, (error, out) =>
      resolve({ code: error === null ? 0 : error.code, out })
    )
  })
}

t.test('`npm start` prints its addresses and example commands that work', async t => {
  t.match(readFileSync(join(root, 'README.md'), 'utf8'), /^npm start$/m)
  // Own process group, so that children of npm stop too.
  const child = spawn('npm', ['start'], { cwd: root, detached: true, stdio: ['ignore', 'pipe', 'ignore'] })
  t.teardown(async () => {
    process.kill(-Number(child.pid), 'SIGINT')
    await once(child, 'close')
  })
  const lines: string[] = []
  for await (const line of createInterface(child.stdout)) {
    lines.push(line)
    if (line.includes('mesh-guard check')) break
  }
  t.match(lines.join('\n'), /webhook {2}https:\/\/127\.0\.0\.1:8443\/validate/)
  const [curl = '', check = ''] = lines.slice(lines.indexOf('Try:') + 1).map(line => line.trim())
  const answer = await shell(`${curl} --silent --show-error --fail`)
  t.equal(answer.code, 0)
  t.match(JSON.parse(answer.out), { response: { allowed: false, status: { message: /knative-local-gateway/ } } })
  const checked = await shell(check)
  t.equal(checked.code, 1)
  t.match(checked.out, /^DENY {2}examples\/strict-mesh\.yaml:2: CREATE PeerAuthentication istio-system\/default$/m)
})
