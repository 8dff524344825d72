import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, cpSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadAll } from 'js-yaml'
import t from 'tap'
import { generate } from '../scripts/generate.ts'
import { findBundled, findStrict, toNotices } from '../scripts/licenses.ts'
import { type Bom, forProduction, toolsIn } from '../scripts/sbom.ts'

const root = join(import.meta.dirname, '..')

async function script(name: string, argv: readonly string[], cwd = root, checkout = root, path = process.env['PATH']) {
  const env = { ...process.env, PATH: path }
  const child = spawn(process.execPath, [join(checkout, 'scripts', `${name}.ts`), ...argv], { cwd, env })
  let out = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (part: string) => {
      out += part
    })
  }
  const [code] = await once(child, 'close')
  return { code, out }
}

t.test('conformance prints each difference and the counts', async t => {
  const pod = (app: string, number = '') => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: 'a', name: `${app}${number}`, labels: { app } },
    spec: { containers: [] }
  })
  const service = (name: string) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: 'a', name },
    spec: { selector: { app: name }, ports: [{ port: 80, name: 'http', targetPort: 8080 }] }
  })
  const call = (from: string, to: string, outcome: string, pods: readonly string[] = []) => {
    const endpoints = pods.map(pod => ({ pod, port: 8080, client: 'plaintext', outcome: 'ok' }))
    return { from, to: { host: `${to}.a.svc.cluster.local`, port: 80 }, expect: { outcome, endpoints } }
  }
  const one = {
    id: 'one',
    objects: [pod('client'), pod('server', '2'), pod('server', '1'), service('server'), service('empty')],
    calls: [
      call('a/client', 'nowhere', 'no-cluster'),
      call('a/client', 'empty', 'no-endpoints'),
      call('a/client', 'server', 'ok', ['a/server1', 'a/server2']),
      call('a/client', 'server', 'ok', ['a/server2', 'a/server1'])
    ]
  }
  const blocked = call('a/client', 'server', 'ok', ['a/server1', 'a/server2'])
  const denied = blocked.expect.endpoints.map(endpoint => ({ ...endpoint, authz: 'deny' }))
  const wrong = {
    ...one,
    calls: [call('a/client', 'server', 'blocked'), { ...blocked, expect: { ...blocked.expect, endpoints: denied } }],
    peerAuthentication: { 'a/server1': { mode: 'STRICT' } }
  }
  const folder = t.testdir({
    'right.jsonl': `${JSON.stringify(one)}\n`,
    'wrong.jsonl': `${JSON.stringify(wrong)}\n`,
    'unknown-pod.jsonl': JSON.stringify({ ...one, calls: [call('a/unknown', '', '')] }),
    'unknown-installation.jsonl': JSON.stringify({
      install: 'none',
      namespace: { name: 'a' },
      pod: {},
      injected: true
    }),
    'installations.json': '{}'
  })
  t.same(await script('conformance', [join(folder, 'right.jsonl')]), { code: 0, out: '4 agree, 0 disagree\n' })
  const { code, out } = await script('conformance', [join(folder, 'right.jsonl'), join(folder, 'wrong.jsonl')])
  t.equal(code, 1)
  t.match(
    out,
    /wrong\.jsonl: one: peer authentication of a\/server1\n {2}istio: \{"mode":"STRICT".*\n {2}model: \{"mode":"PERM/
  )
  t.match(out, /wrong\.jsonl: one: a\/client to server\.a\.svc\.cluster\.local:80\n/)
  t.match(out, /istio: .*"authz":"deny".*\n {2}model: .*"authz":"allow"/)
  t.match(out, /4 agree, 3 disagree\n$/)
  t.match(await script('conformance', [join(folder, 'unknown-pod.jsonl')]), { code: 1, out: /one: no pod a\/unknown/ })
  t.match(await script('conformance', [join(folder, 'unknown-installation.jsonl')]), {
    code: 1,
    out: /line 1: no installation none/
  })
})

t.test('paths prints each difference and the counts', async t => {
  const objects = readdirSync(join(root, 'examples/cluster')).flatMap(name =>
    loadAll(readFileSync(join(root, 'examples/cluster', name), 'utf8'))
  )
  const path = (expect: string, at?: string, activatorMode = 'serve') => ({
    inferenceService: 'user1/sklearn-iris',
    caller: 'external',
    via: 'address',
    activatorMode,
    expect,
    at
  })
  const state = (...paths: readonly object[]) => JSON.stringify({ id: 'one', objects, paths })
  const taken = {
    apiVersion: 'networking.istio.io/v1',
    kind: 'ServiceEntry',
    metadata: { name: 'taken', namespace: 'istio-system' },
    spec: {
      hosts: ['sklearn-iris-predictor-00001.user1.svc.cluster.local'],
      ports: [{ number: 80, name: 'http', protocol: 'HTTP' }]
    }
  }
  const folder = t.testdir({
    'right.jsonl': state(path('ok'), path('ok', undefined, 'proxy')),
    'excepted.jsonl': JSON.stringify({ id: '1-43', objects, paths: [{ ...path('denied'), activatorMode: undefined }] }),
    'unknown.jsonl': JSON.stringify({
      id: 'two',
      objects: [...objects, taken],
      paths: [path('ok'), { ...path('ok'), inferenceService: 'user1/none' }]
    }),
    'wrong.jsonl': state(path('ok', 'ingress-gateway->pod'), path('denied', 'ingress-gateway->pod'))
  })
  t.same(await script('paths', [join(folder, 'right.jsonl')]), {
    code: 0,
    out: '0 with another hop, 1 absent, 0 excepted\n1 agree, 0 disagree\n'
  })
  const { code, out } = await script('paths', [join(folder, 'right.jsonl'), join(folder, 'wrong.jsonl')])
  t.equal(code, 1)
  t.match(
    out,
    /^one: user1\/sklearn-iris external \* address serve: ok at undefined, expected denied at ingress-gateway->pod\nother hop: /
  )
  t.match(await script('paths', [join(folder, 'unknown.jsonl')]), {
    code: 1,
    out: /serve: unknown \(.*1 absent, 0 excepted\n0 agree, 1 disagree/s
  })
  t.match(out, /1 with another hop, 1 absent, 0 excepted\n2 agree, 1 disagree\n$/)
  t.match(await script('paths', [join(folder, 'excepted.jsonl')]), { code: 0, out: /1 excepted\n0 agree, 0 disagree/ })
})

t.test('fixes prints the proofs of all denials', async t => {
  const job = 'apiVersion: batch/v1\nkind: Job\nmetadata: { name: a }\n'
  const names = readdirSync(join(root, 'examples/cluster'))
  const objects = names.map(name => readFileSync(join(root, 'examples/cluster', name), 'utf8'))
  const scenario = (change: string, operation = 'CREATE') => ({
    'change.yaml': change,
    'cluster.yaml': [...objects, job].join('---\n'),
    'scenario.yaml': JSON.stringify({ operation })
  })
  const rule = `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { namespace: istio-system, name: default }
spec: { host: "*.local", trafficPolicy: { tls: { mode: ISTIO_MUTUAL } } }
`
  const gateway = `
apiVersion: networking.istio.io/v1beta1
kind: Gateway
metadata: { namespace: knative-serving, name: knative-local-gateway }
spec: { selector: {}, servers: [] }
`
  const gone =
    'apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: { name: gone }\nspec: { host: a }\n'
  const folder = t.testdir({
    bad: scenario(rule.replace('ISTIO_MUTUAL', 'ISTIO_MUTUAL, sni: a.example.com')),
    good: scenario(readFileSync(join(root, 'examples/strict-mesh.yaml'), 'utf8')),
    admitted: scenario(`${rule.replace('ISTIO_MUTUAL', 'DISABLE')}---\n${job}`),
    words: scenario(`${gone}---\n${gateway}`, 'DELETE')
  })
  t.same(await script('fixes', [join(folder, 'good')]), { code: 0, out: '1 good, 0 bad, 0 in words only\n' })
  t.match(await script('fixes', [folder]), {
    code: 1,
    out: /bad: .*: the change is denied: .*\n1 good, 1 bad, 1 in words only\n$/
  })
})

t.test('scenarios prints each difference and the counts', async t => {
  const strict = readFileSync(join(root, 'examples/strict-mesh.yaml'), 'utf8')
  const scenario = (decision: string, more: object = {}) => ({
    'change.yaml': strict,
    'cluster.yaml': 'apiVersion: v1\nkind: Namespace\nmetadata: { name: istio-system }\n',
    'scenario.yaml': JSON.stringify({ operation: 'CREATE', expect: { decision, ...more } })
  })
  const folder = t.testdir({
    right: scenario('allow', { quiet: true }),
    wrong: scenario('deny', {
      blocked: ['a/b'],
      hop: 'caller->pod',
      object: 'Gateway a/b',
      exposes: ['plaintext-sent'],
      mutated: { '/a': 'b' }
    }),
    broken: { ...scenario('allow'), 'change.yaml': 'a: [' }
  })
  t.same(await script('scenarios', [join(folder, 'right')]), { code: 0, out: '1 agree, 0 disagree\n' })
  const { code, out } = await script('scenarios', [join(folder, 'right'), join(folder, 'wrong')])
  t.equal(code, 1)
  t.match(out, /wrong: decision: "allow", expected "deny"\n/)
  t.match(out, /wrong: blocked: \[\], expected \["a\/b"\]\n/)
  t.match(out, /wrong: objects: \[.*\], expected "Gateway a\/b"\n/)
  t.match(out, /1 agree, 1 disagree\n$/)
  t.match(await script('scenarios', [folder]), { code: 1, out: /change\.yaml:1: / })
})

t.test('generate adds a new rule to every generated file in one run', async t => {
  const folder = t.testdir({})
  for (const name of ['src', 'scripts', 'examples', 'charts', 'package.json', 'README.md', 'CHANGELOG.md']) {
    cpSync(join(root, name), join(folder, name), { recursive: true })
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  const rules = join(folder, 'src/rules')
  for (const type of ['ts', 'md']) {
    const text = readFileSync(join(rules, `destinationrule-tls-without-mode.${type}`), 'utf8')
    writeFileSync(join(rules, `a-new-rule.${type}`), text.replaceAll('destinationrule-tls-without-mode', 'a-new-rule'))
  }
  t.match(await script('generate', [], folder, folder), { code: 0, out: '' })
  for (const file of ['src/rules/index.ts', 'docs/rules.md', 'charts/kserve-mesh-guard/values.schema.json']) {
    t.match(readFileSync(join(folder, file), 'utf8'), 'a-new-rule', file)
  }
})

t.test('generate writes every generated file', async t => {
  const folder = t.testdir({ src: { rules: {} } })
  t.match(await script('generate', [], folder), { code: 0, out: '' })
  for (const [file, text] of await generate()) t.equal(readFileSync(join(folder, file), 'utf8'), text, file)
})

t.test('the bill of materials includes packages that a development tool uses too', async t => {
  const component = (name: string, properties: Bom['components'][number]['properties'] = []) => ({
    'bom-ref': name,
    name,
    version: '1.0.0',
    properties
  })
  const development = [{ name: 'cdx:npm:package:development', value: 'true' }]
  const bom: Bom = {
    metadata: { component: { 'bom-ref': 'root' } },
    components: [component('both'), component('library'), component('tool', development), component('types')],
    dependencies: [
      { ref: 'root', dependsOn: ['library', 'tool', 'types'] },
      { ref: 'tool', dependsOn: ['both'] },
      { ref: 'library', dependsOn: ['both'] }
    ]
  }
  const production = forProduction(bom)
  t.same(
    production.components.map(({ name }) => name),
    ['both', 'library', 'types']
  )
  t.same(production.dependencies, [
    { ref: 'root', dependsOn: ['library', 'types'] },
    { ref: 'library', dependsOn: ['both'] }
  ])
  t.same(toolsIn(production, ['tool', 'both', 'types']), ['types 1.0.0'], 'only a development dependency')
})

t.test('notices list each bundled version once, with its license', async t => {
  const folder = t.testdir({
    node_modules: {
      b: {
        'package.json': JSON.stringify({ name: 'b', version: '2.0.0', license: 'MIT', author: 'Bee <b@example.com>' })
      },
      '@a': {
        one: {
          'package.json': JSON.stringify({ name: '@a/one', version: '1.0.0', author: { name: 'A' } }),
          LICENSE: 'Do.'
        }
      },
      unused: { 'package.json': '{}' }
    }
  })
  const inputs = {
    'src/main.ts': { bytesInOutput: 1 },
    'node_modules/b/x.js': { bytesInOutput: 1 },
    'node_modules/@a/one/lib/x.js': { bytesInOutput: 1 },
    'node_modules/@a/one/lib/y.js': { bytesInOutput: 1 },
    'node_modules/unused/x.js': { bytesInOutput: 0 }
  }
  const output = { bytes: 0, inputs, imports: [], exports: [] }
  const bundled = findBundled({ inputs: {}, outputs: { 'main.js': output } }, folder)
  t.match(bundled, [
    { name: '@a/one', version: '1.0.0', license: 'none', texts: ['Do.'] },
    { name: 'b', license: 'MIT', texts: [] }
  ])
  t.same(
    findStrict(bundled).map(({ name }) => name),
    ['@a/one']
  )
  t.match(
    toNotices(bundled),
    /^@a\/one 1\.0\.0, none\n\nDo\.\n[\s\S]*^b 2\.0\.0, MIT\n\nCopyright Bee <b@example\.com>\./m
  )
})

t.test('compare measures the programs that are on the PATH', async t => {
  const folder = t.testdir({ istioctl: '#!/bin/sh\nexit 79\n' })
  chmodSync(join(folder, 'istioctl'), 0o755)
  t.match(await script('compare', ['src/main.ts', '1'], root, root, folder), {
    code: 0,
    out: /^mesh-guard check: \d+ ms, median of 1\nistioctl analyze: \d+ ms; mesh-guard check takes \d+\.\d times as long\nkyverno apply: kyverno is not on the PATH\n$/
  })
})
