/** There may be no engine that builds images here: what the Dockerfile copies and runs is copied and run without one. */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'

const root = join(import.meta.dirname, '..')
const read = (file: string) => readFileSync(join(root, file), 'utf8')

interface Instruction {
  readonly name: string
  readonly args: string
}

const instructions: readonly Instruction[] = read('Dockerfile')
  .replaceAll(/^#.*\n/gm, '')
  .replaceAll('\\\n', '')
  .split('\n')
  .filter(line => line !== '')
  .map(line => ({ name: line.split(' ', 1)[0] ?? '', args: line.replace(/^\S+\s+/, '') }))
const second = instructions.findLastIndex(({ name }) => name === 'FROM')
const stages = [instructions.slice(0, second), instructions.slice(second)]
const argsOf = (name: string, stage = instructions) => stage.filter(one => one.name === name).map(({ args }) => args)
const [building = [], running = []] = stages

/** Sources and target of each COPY from the checkout. */
const copies = (stage: readonly Instruction[]) =>
  argsOf('COPY', [...stage])
    .filter(args => !args.startsWith('--from'))
    .map(args => ({ from: args.split(' ').slice(0, -1), to: args.split(' ').at(-1) ?? '' }))

t.test('two stages of one pinned line of Node, the newer stage without the tools of the other', async t => {
  t.same(argsOf('FROM'), ['node:24-slim AS build', 'node:24-slim'])
  t.same(argsOf('COPY', running).slice(-1), ['--from=build /build/dist dist'])
  t.match(argsOf('RUN', building)[0], /^npm ci /)
})

t.test('it runs as a number that is not root, the one of the chart, and without a shell', async t => {
  t.same(argsOf('USER'), ['65532:65532'])
  t.match(read('charts/kserve-mesh-guard/templates/deployment.yaml'), 'runAsUser: 65532')
  for (const name of ['ENTRYPOINT', 'CMD']) {
    for (const args of argsOf(name)) t.ok(Array.isArray(JSON.parse(args)), `${name} is a list`)
  }
  t.match(argsOf('LABEL')[0], `org.opencontainers.image.description="${JSON.parse(read('package.json')).description}"`)
})

t.test('.dockerignore lets in what is copied, and nothing else', async t => {
  const lines = read('.dockerignore')
    .split('\n')
    .filter(line => line !== '' && !line.startsWith('#'))
  const names = new Set([...copies(building), ...copies(running)].flatMap(({ from }) => from))
  t.same(lines.sort(), ['*', ...[...names].map(name => `!${name}`)].sort())
})

t.test('what it copies is enough to build, and what it builds is enough to run', async t => {
  const folder = t.testdir({ build: {}, app: {} })
  const copy = (stage: readonly Instruction[], to: string) => {
    for (const { from, to: target } of copies(stage)) {
      for (const name of from) {
        t.ok(existsSync(join(root, name)), name)
        const path = target === './' || target.endsWith('/') ? join(to, name) : join(to, target)
        mkdirSync(dirname(path), { recursive: true })
        cpSync(join(root, name), path, { recursive: true })
      }
    }
  }
  const build = join(folder, 'build')
  copy(building, build)
  symlinkSync(join(root, 'node_modules'), join(build, 'node_modules'))
  const [, command = ''] = argsOf('RUN', building)
  execFileSync(process.execPath, command.split(' ').slice(1), { cwd: build })

  const app = join(folder, 'app')
  copy(running, app)
  cpSync(join(build, 'dist'), join(app, 'dist'), { recursive: true })
  const [, main = ''] = JSON.parse(argsOf('ENTRYPOINT')[0] ?? '[]') as readonly string[]
  const run = (...args: readonly string[]) =>
    execFileSync(process.execPath, [main, ...args], { cwd: app, env: {}, encoding: 'utf8' })
  t.match(run('rules', 'certificate-refused'), '# certificate-refused', 'with the pages of the rules')
  t.match(run('serve', '--help'), '--config')
})

t.test('chart and package tell the same version', async t => {
  const chart = parse(read('charts/kserve-mesh-guard/Chart.yaml'))
  const { version } = JSON.parse(read('package.json')) as { readonly version: string }
  t.match(chart, { version, appVersion: version })
})
