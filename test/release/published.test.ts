/** Commands of the documentation that need a registry or a release: syntax, names and versions. */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { CHART, IMAGE, REPOSITORY } from '../../scripts/project.ts'
import { archiveOf } from '../../scripts/release/executable.ts'
import { manifest } from '../../scripts/release/lib.ts'
import { PLATFORMS } from '../../scripts/release/platforms.ts'
import { meshGuard } from '../support/command.ts'

process.chdir(join(import.meta.dirname, '../..'))
const read = (file: string) => readFileSync(file, 'utf8')
const DOCS = [
  'README.md',
  'examples/kind/README.md',
  ...readdirSync('docs')
    .filter(name => name.endsWith('.md'))
    .map(name => join('docs', name))
]
const { version } = manifest

/** Commands after `$` in blocks that are not run. */
const commands = DOCS.flatMap(file =>
  [...read(file).matchAll(/^```console\n(.*?)^```/gms)].flatMap(([, block = '']) =>
    [...block.matchAll(/^\$ (.*)$/gm)].map(([, command = '']) => ({ file, command }))
  )
)
const run: readonly string[] = read('docs/install.md').match(/^(helm|kubectl) .*$/gm) ?? []
const ASSETS = [
  ...PLATFORMS.map(platform => archiveOf(platform)),
  'SHA256SUMS',
  'SHA256SUMS.sigstore.json',
  'mesh-guard.yaml'
]

t.test('commands have the syntax of bash', async t => {
  const isValid = (command: string) => spawnSync('bash', ['-n'], { input: command }).status === 0
  t.notOk(isValid('tar -xzf "x'))
  t.ok(commands.length > 15)
  for (const { file, command } of commands) t.ok(isValid(command), `${file}: ${command}`)
})

t.test('helm installs the published chart like the one of the checkout, which a test installs', async t => {
  const installs = commands.filter(({ command }) => command.startsWith('helm install'))
  t.ok(installs.length > 0)
  for (const { command } of installs) t.ok(run.includes(command.replace(CHART, 'charts/kserve-mesh-guard')), command)
})

t.test('files of a release are those that the release has', async t => {
  const urls = commands.flatMap(({ command }) => [...command.matchAll(/https:\/\/\S+\/releases\/download\/(\S+)/g)])
  t.equal(urls.length, 2)
  for (const [url, path = ''] of urls) {
    t.ok(url.startsWith(`${REPOSITORY}/releases/download/v${version}/`), url)
    for (const name of path.replace(/^[^/]+\/|[{}]/g, '').split(',')) t.ok(ASSETS.includes(name), name)
  }
  const archives = commands.flatMap(({ command }) => command.match(/mesh-guard-\d\S*\.tar\.gz(?![^,]*[,}])/g) ?? [])
  t.ok(archives.length > 1)
  for (const name of archives) t.ok(ASSETS.includes(name), name)
})

t.test('signatures are verified for what the workflow signs, with its identity', async t => {
  const verified = commands.filter(({ command }) => command.startsWith('cosign '))
  const what = verified.map(({ command }) => command.split(' ')[2])
  t.same(what, ['SHA256SUMS', `${IMAGE}:${version}`, `${CHART.replace('oci://', '')}:${version}`])
  for (const { command } of verified) {
    const [, workflow = '', tag] = command.match(/--certificate-identity (\S+)@refs\/tags\/(\S+) /) ?? []
    t.ok(existsSync(workflow.replace(`${REPOSITORY}/`, '')), workflow)
    t.equal(tag, `v${version}`)
  }
})

t.test('the npm package has the name and the oldest Node.js of package.json', async t => {
  t.ok(commands.some(({ command }) => command === `npm install --global ${manifest.name}`))
  const { engines } = JSON.parse(read('package.json')) as { readonly engines: { readonly node: string } }
  t.match(read('docs/install.md'), `needs Node.js ${engines.node.replace('>=', '')} or newer`)
})

t.test('commands of the plugin exist', async t => {
  const names = commands.flatMap(({ command }) => /^kubectl mesh-guard (\w+)/.exec(command)?.[1] ?? [])
  t.ok(names.includes('version'))
  for (const name of new Set(names)) t.equal((await meshGuard(name, '--help')).code, 0, name)
})
