/** Builds the image from the Dockerfile without a container engine. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { argsOf, buildImage, building, copiesOf, entrypoint, running } from './support/dockerfile.ts'

const root = join(import.meta.dirname, '..')
const read = (file: string) => readFileSync(join(root, file), 'utf8')

t.test('both stages use the same Node.js line, and the image has no build tools', async t => {
  t.same(argsOf('FROM'), ['--platform=$BUILDPLATFORM node:24-slim AS build', 'node:24-slim'])
  t.same(argsOf('COPY', running).slice(-1), ['--from=build /build/dist dist'])
  t.match(argsOf('RUN', building)[0], /^npm ci /)
})

t.test('the image runs as the user id of the chart, without a shell', async t => {
  t.same(argsOf('USER'), ['65532:65532'])
  t.match(read('test/chart/default.golden.yaml'), 'runAsUser: 65532')
  for (const name of ['ENTRYPOINT', 'CMD']) {
    for (const args of argsOf(name)) t.ok(Array.isArray(JSON.parse(args)), `${name} is in exec form`)
  }
  t.match(argsOf('LABEL')[0], `org.opencontainers.image.description="${JSON.parse(read('package.json')).description}"`)
})

t.test('.dockerignore allows only the copied paths', async t => {
  const lines = read('.dockerignore')
    .split('\n')
    .filter(line => line !== '' && !line.startsWith('#'))
  const names = new Set([...copiesOf(building), ...copiesOf(running)].flatMap(({ from }) => from))
  t.same(lines.sort(), ['*', ...[...names].map(name => `!${name}`)].sort())
})

t.test('the copied files are sufficient to build and run the image', async t => {
  const app = buildImage(t.testdir({}))
  const [, main = ''] = entrypoint
  const run = (...args: readonly string[]) =>
    execFileSync(process.execPath, [main, ...args], { cwd: app, env: {}, encoding: 'utf8' })
  t.match(run('rules', 'tls-certificate-mismatch'), '# tls-certificate-mismatch', 'rule pages are in the image')
  t.match(run('serve', '--help'), '--config')
  t.match(readFileSync(join(app, 'dist/THIRD-PARTY-LICENSES.txt'), 'utf8'), /^fastify 5\.\S+, MIT$/m)
})

t.test('chart and package have the same version', async t => {
  const chart = parse(read('charts/kserve-mesh-guard/Chart.yaml'))
  const { version } = JSON.parse(read('package.json')) as { readonly version: string }
  t.match(chart, { version, appVersion: version })
})
