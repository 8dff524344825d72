/** The GitHub Action, the pre-commit hook, and the examples of docs/ci.md that use them. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'

const root = join(import.meta.dirname, '..')
const ACTION = '.github/actions/check'
process.chdir(root)
const read = (file: string) => readFileSync(file, 'utf8')

interface ActionStep {
  readonly name?: string
  readonly run?: string
  readonly 'working-directory'?: string
  readonly env?: Readonly<Record<string, string>>
}
interface Action {
  readonly inputs: Readonly<Record<string, { readonly default?: string; readonly required?: boolean }>>
  readonly runs: { readonly steps: readonly ActionStep[] }
}
interface Workflow {
  readonly jobs: Readonly<
    Record<string, { readonly steps: readonly { readonly uses: string; readonly with?: Inputs }[] }>
  >
}
interface PreCommit {
  readonly repos: readonly { readonly hooks: readonly Hook[] }[]
}
interface Hook {
  readonly id: string
  readonly entry: string
  readonly args?: readonly string[]
  readonly files: string
  readonly exclude: string
}
type Inputs = Readonly<Record<string, string>>

const action: Action = parse(read(`${ACTION}/action.yml`))
const hooks: readonly Hook[] = parse(read('.pre-commit-hooks.yaml'))
const blocks = [...read('docs/ci.md').matchAll(/^```yaml\n(.*?)^```/gms)].map(([, text = '']) => parse(text))
const [workflow, preCommit] = blocks as [Workflow, PreCommit]

const PATH_WITH_NODE = `${dirname(process.execPath)}:${process.env['PATH']}`

/** Runs the last step of the action as the runner does. */
function runAction(inputs: Inputs) {
  const step = action.runs.steps.at(-1)
  const given = Object.entries(action.inputs).map(([name, input]) => [name, inputs[name] ?? input.default ?? ''])
  const values = new Map([...given, ['github.action_path', join(root, ACTION)]] as [string, string][])
  const fill = (text: string) =>
    text.replace(/\$\{\{ (?:inputs\.)?([\w.-]+) \}\}/g, (_, name: string) => values.get(name) ?? 'unknown')
  const env = Object.fromEntries(Object.entries(step?.env ?? {}).map(([name, value]) => [name, fill(value)]))
  const shell = ['--noprofile', '--norc', '-eo', 'pipefail', '-c', step?.run ?? '']
  const { status, stdout, stderr } = spawnSync('bash', shell, {
    encoding: 'utf8',
    env: { ...process.env, ...env, PATH: PATH_WITH_NODE }
  })
  return { status, stdout, stderr }
}

t.test('the action installs the program in the root of its repository', async t => {
  const folder = action.runs.steps.find(step => step.run?.startsWith('npm ci'))?.['working-directory'] ?? ''
  t.equal(join(root, folder.replace(/^.*\}\}/, ACTION)), root)
})

t.test('the action runs check and audit', async t => {
  const file = join(t.testdir(), 'out.sarif')
  const against = 'examples/cluster'
  t.match(runAction({ against, paths: 'examples/strict-mesh.yaml' }), { status: 1, stdout: /^::error file=examples\// })
  const paths = 'examples/overlay/strict.yaml\n\nexamples/strict-mesh.yaml\n'
  t.match(runAction({ against, paths, args: '--fail-on never -o text', output: 'json' }), {
    status: 0,
    stdout: /\n2 changes: 1 denied/
  })
  const sarif = { command: 'audit', against, output: 'sarif', 'output-file': file }
  t.match(runAction(sarif), { status: 0 })
  t.match(JSON.parse(read(file)), { version: '2.1.0' })
  t.match(runAction({ against, paths: '$(echo injected)' }), {
    status: 2,
    stderr: /^error: \$\(echo injected\): no such/
  })
})

t.test('the workflow of docs/ci.md uses inputs of the action', async t => {
  const uses = Object.values(workflow.jobs).flatMap(({ steps }) => steps.filter(step => step.uses.includes(ACTION)))
  t.equal(uses.length, 2)
  for (const { with: inputs = {} } of uses) {
    for (const name of Object.keys(inputs)) t.ok(name in action.inputs, name)
    for (const [name, { required }] of Object.entries(action.inputs))
      t.ok(name in inputs || required !== true, `${name} is given`)
  }
})

t.test('the pre-commit hook runs with the arguments of docs/ci.md', async t => {
  const [used] = preCommit.repos.flatMap(repo => repo.hooks)
  const hook = hooks.find(({ id }) => id === used?.id)
  const args = (used?.args ?? []).map(arg => arg.replace(/^cluster$/, 'examples/cluster'))
  const env = { ...process.env, PATH: PATH_WITH_NODE }
  const { status, stdout } = spawnSync(hook?.entry ?? '', [...args, 'examples/strict-mesh.yaml'], {
    encoding: 'utf8',
    env
  })
  t.match({ status, stdout }, { status: 1, stdout: /^DENY {2}examples\/strict-mesh.yaml:2: / })
  const isChecked = (file: string) =>
    new RegExp(hook?.files ?? '').test(file) && !new RegExp(hook?.exclude ?? '').test(file)
  t.same(['a.yaml', 'a/b.yml', 'a.md', 'chart/templates/a.yaml', 'a/kustomization.yaml', 'Chart.yaml'].map(isChecked), [
    true,
    true,
    false,
    false,
    false,
    false
  ])
})
