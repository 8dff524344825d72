/** Lint of workflows and scripts, and the charts that examples/kind/try.sh installs. */
import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { meshGuard } from '../support/command.ts'
import { findModule, findProgram } from './assets.ts'
import { runnerOf } from './kubectl.ts'
import { toObjects } from './rendered.ts'

process.chdir(join(import.meta.dirname, '../..'))
const log = (line: string) => t.comment(line)
const WORKFLOWS = '.github/workflows'
const SCRIPT = 'examples/kind/try.sh'
const has = (program: string) => spawnSync(program, ['--version']).error === undefined
const withoutGo = has('go') ? false : 'Go is not installed'
const withoutShellcheck = has('shellcheck') ? false : 'shellcheck is not installed'

await t.test('actionlint reports nothing for the workflows, and reports an error', { skip: withoutGo }, async t => {
  const actionlint = runnerOf(findProgram('actionlint', log))
  const files = readdirSync(WORKFLOWS).map(name => join(WORKFLOWS, name))
  const { code, out } = await actionlint(files)
  t.equal(code, 0, out)
  const wrong = readFileSync(join(WORKFLOWS, 'release.yml'), 'utf8').replace(
    'needs: [chart, npm]',
    'needs: [chart, pypi]'
  )
  t.match(await actionlint(['-'], wrong), { code: 1, out: /needs job "pypi" which does not exist/ })
})

await t.test(
  'shellcheck reports nothing for the scripts, and reports an error',
  { skip: withoutShellcheck },
  async t => {
    const shellcheck = runnerOf('shellcheck')
    const tracked = execFileSync('git', ['ls-files', '*.sh', '.ci/run'], { encoding: 'utf8' }).trim().split('\n')
    t.ok(tracked.includes(SCRIPT))
    const { code, out } = await shellcheck(tracked)
    t.equal(code, 0, out)
    const wrong = readFileSync(SCRIPT, 'utf8').replace('cd "$(dirname "$0")"', 'cd $(dirname "$0")')
    t.match(await shellcheck(['-'], wrong), { code: 1, out: /SC2046/ })
  }
)

/** Arguments of each `helm install`, with the variables of the script. */
function installs(): readonly (readonly string[])[] {
  const script = readFileSync(SCRIPT, 'utf8').replaceAll('\\\n', '')
  const values = new Map(
    [...script.matchAll(/^ *(?:local )?(\w+)=(\S+)$/gm)].map(([, name = '', value = '']) => [name, value])
  )
  return [...script.matchAll(/^ *helm install (.*)$/gm)].map(([, args = '']) =>
    args
      .replace(/"?\$(\w+)/g, (_, name: string) => values.get(name) ?? '')
      .replaceAll('"', '')
      .split(/ +/)
      .filter(arg => arg !== '' && arg !== '--wait')
  )
}

await t.test('charts of KServe and the guard accept the values of the script', async t => {
  const helm = runnerOf(findProgram('helm', log))
  const kserve = join(findModule('kserve', 'github.com/kserve/kserve'), 'charts')
  const render = async (release: string, chart: string) => {
    const [, , ...flags] = installs().find(([name]) => name === release) ?? []
    const version = flags.indexOf('--version')
    if (version >= 0) flags.splice(version, 2)
    const { code, out, err } = await helm(['template', release, chart, ...flags])
    t.equal(code, 0, err)
    return toObjects(out).map(({ kind }) => kind)
  }
  t.equal(installs().length, 9)
  t.ok((await render('kserve-crd', join(kserve, 'kserve-crd'))).includes('CustomResourceDefinition'))
  t.ok((await render('kserve-resources', join(kserve, 'kserve-resources'))).includes('ValidatingWebhookConfiguration'))
  const runtimes = await render('kserve-runtime-configs', join(kserve, 'kserve-runtime-configs'))
  t.same([...new Set(runtimes)], ['ClusterServingRuntime'])
  t.ok((await render('kserve-mesh-guard', 'charts/kserve-mesh-guard')).includes('ValidatingWebhookConfiguration'))
})

await t.test('the model of the script is admitted, and its change is denied', async t => {
  const against = ['--against', 'examples/cluster']
  t.match(await meshGuard('check', 'examples/kind/model.yaml', ...against), {
    code: 0,
    out: /^ALLOW .* InferenceService demo\/sklearn-iris\n/m
  })
  const denied = await meshGuard('check', 'examples/kind/model.yaml', 'examples/strict-mesh.yaml', ...against)
  t.match(denied, { code: 1, out: /deny strict-mesh-plain-local-gateway\n/ })
})

await t.test('the script installs the version of KServe that the other tests run', async t => {
  const [, version = ''] = /^kserve=(.*)$/m.exec(readFileSync(SCRIPT, 'utf8')) ?? []
  t.match(readFileSync('test/e2e/kserve/go.mod', 'utf8'), `github.com/kserve/kserve ${version}`)
})
