/** Workflows: pinned actions, permissions, versions; and one address of the repository in all files. */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'

process.chdir(join(import.meta.dirname, '..'))
const FOLDER = '.github/workflows'
const read = (file: string) => readFileSync(file, 'utf8')
const files = [...readdirSync(FOLDER).map(name => join(FOLDER, name)), '.github/actions/check/action.yml']
const { engines, repository, homepage } = JSON.parse(read('package.json')) as {
  readonly engines: { readonly node: string }
  readonly repository: { readonly url: string }
  readonly homepage: string
}

interface Job {
  readonly permissions?: Readonly<Record<string, string>>
  readonly steps?: readonly { readonly run?: string }[]
  readonly strategy?: { readonly matrix: Readonly<Record<string, readonly string[]>> }
  readonly 'timeout-minutes'?: number
}
interface Workflow {
  readonly permissions: Readonly<Record<string, string>>
  readonly jobs: Readonly<Record<string, Job>>
}
const workflowOf = (name: string): Workflow => parse(read(join(FOLDER, name)))

t.test('actions are pinned by commit, with the version beside it', async t => {
  const pins = new Map<string, string>()
  for (const file of files) {
    for (const [, used = ''] of read(file).matchAll(/^\s*-? ?uses: (.*)$/gm)) {
      if (used.startsWith('./')) continue
      t.match(used, /^[\w-]+\/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/, file)
      const [name = '', pin = ''] = used.split('@')
      const owner = name.split('/').slice(0, 2).join('/')
      t.equal(pins.get(owner) ?? pin, pin, `${owner} has one version`)
      pins.set(owner, pin)
    }
  }
  t.ok(pins.size > 5)
})

t.test('permissions are those of each job, and writing ones are listed here', async t => {
  const written = readdirSync(FOLDER).flatMap(name => {
    const { permissions, jobs } = workflowOf(name)
    t.ok(
      Object.values(permissions).every(access => access === 'read'),
      `${name} grants no job a permission to write`
    )
    return Object.entries(jobs).flatMap(([job, { permissions: granted = {} }]) =>
      Object.entries(granted).flatMap(([scope, access]) => (access === 'write' ? `${name} ${job} ${scope}` : []))
    )
  })
  t.same(written, [
    'codeql.yml analyze security-events',
    'release.yml image packages',
    'release.yml image id-token',
    'release.yml chart packages',
    'release.yml chart id-token',
    'release.yml npm id-token',
    'release.yml release contents',
    'release.yml release id-token',
    'release.yml release attestations',
    'scorecard.yml scorecard id-token',
    'scorecard.yml scorecard security-events'
  ])
})

t.test('scripts read contexts only from the environment, and jobs have a time limit', async t => {
  for (const name of readdirSync(FOLDER)) {
    for (const [id, job] of Object.entries(workflowOf(name).jobs)) {
      for (const { run = '' } of job.steps ?? []) t.notMatch(run, '${{', `${name} ${id}`)
      t.ok(job.steps === undefined || job['timeout-minutes'] !== undefined, `${name} ${id}`)
    }
  }
})

t.test('CI runs on the oldest Node.js of package.json and on that of tools/node', async t => {
  const { version } = JSON.parse(read('tools/node/package.json')) as { readonly version: string }
  t.same(workflowOf('ci.yml').jobs['check']?.strategy?.matrix['node'], [`${engines.node.replace('>=', '')}.0`, version])
})

t.test('updates are made for all folders with dependencies', async t => {
  const { updates } = parse(read('.github/dependabot.yml')) as {
    readonly updates: readonly { readonly 'package-ecosystem': string; readonly directories?: readonly string[] }[]
  }
  const tracked = execFileSync('git', ['ls-files'], { encoding: 'utf8' }).split('\n')
  for (const [ecosystem, file] of [
    ['npm', 'package.json'],
    ['gomod', 'go.mod']
  ] as const) {
    const folders = tracked
      .filter(one => one === file || one.endsWith(`/${file}`))
      .map(one => `/${one.slice(0, -`/${file}`.length)}`)
    t.same(updates.find(one => one['package-ecosystem'] === ecosystem)?.directories, folders.sort(), ecosystem)
  }
})

t.test('all files name the repository and the site of package.json', async t => {
  const url = repository.url.replace(/^git\+|\.git$/g, '')
  const { host, pathname } = new URL(url)
  const [, owner = '', name = ''] = pathname.split('/')
  t.equal(homepage, `https://${owner}.github.io/${name}/`)
  const tracked = execFileSync('git', ['ls-files', '*.md', '*.yml', '*.yaml', '*.json', '*.ts', '*.sh'], {
    encoding: 'utf8'
  })
  const named = tracked
    .split('\n')
    .filter(file => existsSync(file) && file !== 'test/workflows.test.ts')
    .flatMap(file =>
      [...read(file).matchAll(/[\w.:/-]+\/kserve-mesh-guard\b(?=[/:@#)`\s"'.]|$)/gm)].map(([found]) => ({
        file,
        found
      }))
    )
    .filter(({ found }) => /^(https?:\/\/[\w-]+\.|oci:|ghcr\.io|[\w-]+\/kserve-mesh-guard\/\.github)/.test(found))
  t.ok(named.some(({ file }) => file === 'docs/ci.md'))
  const known = [
    url,
    homepage.slice(0, -1),
    `${owner}/${name}`,
    `oci://ghcr.io/${owner}/charts/${name}`,
    `ghcr.io/${owner}/charts/${name}`,
    `ghcr.io/${owner}/${name}`
  ]
  for (const { file, found } of named)
    t.ok(
      [...known, `${host}${pathname}`].some(one => found.startsWith(one)),
      `${file}: ${found}`
    )
})
