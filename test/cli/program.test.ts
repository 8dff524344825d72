import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { run } from '../../src/cli/program.ts'
import { RULE_IDS } from '../../src/config-schema.ts'
import { readPage, workerEntry } from '../../src/program-files.ts'
import { meshGuard } from '../support/command.ts'

const examples = join(import.meta.dirname, '../../examples')
const CLUSTER = join(examples, 'cluster')

t.test('invalid input is an error with a suggestion', async t => {
  const folder = t.testdir({
    'a.yaml': 'a: [',
    'config.yaml': 'rulez: {}\n',
    'kind.yaml': 'apiVersion: networking.istio.io/v1\nkind: VirtualServise\nmetadata: { name: a }\n',
    'models.yaml': 'apiVersion: v1\nkind: Namespace\nmetadata: { name: 5 }\n'
  })
  for (const [name, argv, message] of [
    [
      'unknown option',
      ['check', CLUSTER, '--agianst', CLUSTER],
      /^error: --agianst: unknown option; did you mean --against\?\n$/
    ],
    ['unknown command', ['chek', CLUSTER], /^error: chek: unknown command; did you mean check\?\n$/],
    ['command with swapped letters', ['plna'], /^error: plna: unknown command; did you mean plan\?\n$/],
    ['missing path', ['check'], /^error: PATH: missing argument; use a file, a directory, or - for standard input\n$/],
    [
      'unknown format',
      ['check', CLUSTER, '-o', 'xml'],
      /^error: -o, --output <format>: invalid value xml; use one of text, json, yaml, sarif, junit, github, markdown\n$/
    ],
    [
      'missing file',
      ['check', join(examples, 'strict-mes.yaml'), '--against', CLUSTER],
      /no such file or directory; did you mean strict-mesh.yaml\?/
    ],
    [
      'missing directory',
      ['check', '/nowhere/at/all', '--against', CLUSTER],
      /^error: \/nowhere\/at\/all: no such file or directory\n$/
    ],
    ['invalid YAML', ['check', join(folder, 'a.yaml'), '--against', CLUSTER], /a\.yaml:\d+: /],
    [
      'unknown kind',
      ['check', join(folder, 'kind.yaml'), '--against', CLUSTER],
      /kind\.yaml:2: kind: .*did you mean VirtualService\?/
    ],
    [
      'invalid object',
      ['check', join(folder, 'models.yaml'), '--against', CLUSTER],
      /models\.yaml:3: .*metadata\.name: /
    ],
    [
      'unknown configuration key',
      ['audit', '--against', CLUSTER, '--config', join(folder, 'config.yaml')],
      /config\.yaml:1: rulez: unknown key; did you mean rules\?/
    ],
    [
      'missing configuration file',
      ['audit', '--against', CLUSTER, '--config', join(folder, 'confg.yaml')],
      /did you mean config\.yaml\?/
    ],
    [
      'unknown rule',
      ['audit', '--against', CLUSTER, '--rule', 'strict-without-sidcar=warn'],
      /unknown rule; did you mean strict-without-sidecar\?/
    ],
    [
      'unknown mode',
      ['audit', '--against', CLUSTER, '--rule', 'strict-without-sidecar=wran'],
      /invalid mode; use one of deny, warn, audit, off/
    ],
    ['empty --rule', ['audit', '--against', CLUSTER, '--rule', ''], /unknown rule/],
    [
      'unknown rule page',
      ['rules', 'client-certificate-unverifiabl'],
      /client-certificate-unverifiabl: unknown rule; did you mean client-certificate-unverifiable\?/
    ],
    ['unknown schema', ['schema', 'confg'], /^error: what: invalid value confg; use one of config, report, /],
    [
      'too many arguments',
      ['audit', 'x'],
      /^error: too many arguments for 'audit': expected 0 arguments but got 1; see mesh-guard audit --help\n$/
    ],
    ['missing option value', ['audit', '-o'], /^error: option .* argument missing; see mesh-guard audit --help\n$/],
    ['unknown global option', ['--vresion'], /^error: --vresion: unknown option; did you mean --version\?\n$/],
    ['unknown option without a suggestion', ['audit', '--everything'], /^error: --everything: unknown option\n$/],
    ['missing command', [], /^Usage: mesh-guard /]
  ] as const) {
    const { code, out, err } = await meshGuard(...argv)
    t.equal(code, 2, name)
    t.equal(out, '', 'no error on standard output')
    t.match(err, message)
  }
})

t.test('help of every command has examples and exit codes', async t => {
  t.match(await meshGuard('--help'), { code: 0, out: /serve .*\n +check /s })
  for (const command of [
    'serve',
    'check',
    'explain',
    'trace',
    'plan',
    'diff',
    'audit',
    'rules',
    'schema',
    'completion',
    'version'
  ]) {
    const { code, out, err } = await meshGuard(command, '-h')
    t.same({ code, err }, { code: 0, err: '' })
    t.match(
      out,
      new RegExp(
        `\nExamples:\n  .*mesh-guard ${command}\\b[^]*\n\nExit codes:\n  0  .*\n(  1  .*\n)?  2  .*\n  3  .*\n$`
      )
    )
  }
  t.match((await meshGuard('check', '-h')).out, '\n  1  findings at or above --fail-on\n')
  t.notMatch((await meshGuard('rules', '-h')).out, '\n  1  ')
})

t.test('version is the version of the package', async t => {
  const { version } = JSON.parse(readFileSync(join(examples, '../package.json'), 'utf8'))
  for (const argv of ['version', '--version']) t.same(await meshGuard(argv), { code: 0, out: `${version}\n`, err: '' })
})

t.test('rules lists all rules and prints the page of one', async t => {
  const { out, code } = await meshGuard('rules')
  t.equal(code, 0)
  t.match(out, /^strict-mesh-plain-local-gateway +deny +latent-outage +The mesh is STRICT/m)
  const ids = out
    .trimEnd()
    .split('\n')
    .map(line => line.split(' ', 1)[0])
  t.same(ids, [...ids].sort())
  t.match((await meshGuard('rules', 'client-certificate-unverifiable')).out, /^# client-certificate-unverifiable\n/)
})

t.test('rules, schema and version are printed as JSON and YAML', async t => {
  const byFormat = async (...argv: readonly string[]) => {
    const { out } = await meshGuard(...argv, '-o', 'json')
    t.same(parse((await meshGuard(...argv, '-o', 'yaml')).out), JSON.parse(out), argv.join(' '))
    return JSON.parse(out)
  }
  const { kind, rules } = await byFormat('rules')
  t.equal(kind, 'RuleList')
  t.same(
    rules.map(({ id }: { readonly id: string }) => id),
    RULE_IDS
  )
  t.match(await byFormat('rules', 'no-endpoints'), {
    kind: 'Rule',
    id: 'no-endpoints',
    mode: 'deny',
    category: 'outage',
    severity: 'critical',
    page: /^# no-endpoints\n/
  })
  t.match(await byFormat('rules', '--symptom', '503 UF WRONG_VERSION_NUMBER'), {
    rules: [{ id: 'client-mtls-to-plain-listener' }]
  })
  t.match(await byFormat('version'), { kind: 'Version', version: /^\d/ })
  t.match(await byFormat('schema', 'trace'), { type: 'object', properties: { branches: { type: 'array' } } })
})

t.test('schema prints JSON Schemas', async t => {
  const schemaOf = async (what: string) => JSON.parse((await meshGuard('schema', what)).out)
  t.match(await schemaOf('config'), { type: 'object', additionalProperties: false, properties: { rules: {} } })
  t.match(await schemaOf('report'), { type: 'object', properties: { findings: { type: 'array' } } })
  t.match(await schemaOf('access'), { type: 'object', properties: { workloads: { type: 'array' } } })
  t.match(await schemaOf('explanation'), { type: 'object', properties: { models: { type: 'array' } } })
  t.match(await schemaOf('trace'), { type: 'object', properties: { branches: { type: 'array' } } })
  t.match(await schemaOf('assertions'), { type: 'array', items: { required: ['inferenceService'] } })
  t.match(await schemaOf('plan'), { type: 'object', properties: { steps: { type: 'array' } } })
  t.match(await schemaOf('fix'), { type: 'object' })
  t.match(await schemaOf('diff'), { type: 'object', properties: { closes: { type: 'array' } } })
})

t.test('an internal error has exit code 3 and a stack trace', async t => {
  let code = 0
  let err = ''
  await run(['rules'], {
    out: () => {
      throw new TypeError('broken pipe')
    },
    err: text => {
      err += text
    },
    isTerminal: false,
    readPage,
    workerEntry,
    columns: Infinity,
    status: undefined,
    exit: set => {
      code = set
    }
  })
  t.equal(code, 3)
  t.match(err, /^error: TypeError: broken pipe\n +at /)
})

t.test('rules are found by a symptom', async t => {
  const symptom = (text: string, ...argv: readonly string[]) => meshGuard('rules', ...argv, '--symptom', text)
  t.match(await symptom('503 UF WRONG_VERSION_NUMBER'), {
    code: 0,
    out: /^client-mtls-to-plain-listener: .*\n {2}symptom: 503 `UF` /
  })
  t.match(await symptom('all is well'), { code: 0, out: 'no rule has such a symptom\n' })
  t.match(await symptom('UF', 'no-endpoints'), { code: 2, err: /--symptom: no-endpoints selects one rule; omit one/ })
})
