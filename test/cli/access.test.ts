import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { type AccessView, accessSchema } from '../../src/report/access.ts'
import { meshGuard, runCommand } from '../support/command.ts'

const examples = join(import.meta.dirname, '../../examples')
const CLUSTER = join(examples, 'cluster')
const OUTCOMES = join(examples, 'four-outcomes')

/** Results of the observed calls: workload, model, activator mode, verdict and identity. */
const OBSERVED = [
  ['user1', 'sklearn-iris', 'serve', 'ok', 'caller'],
  ['user2', 'sklearn-iris', 'serve', 'blocked', 'caller'],
  ['user1', 'sklearn-iris-burst', 'proxy', 'ok', 'spiffe://cluster.local/ns/knative-serving/sa/activator'],
  ['user2', 'sklearn-iris-burst', 'proxy', 'ok', 'spiffe://cluster.local/ns/knative-serving/sa/activator']
] as const

async function outcomes(): Promise<AccessView> {
  const { out } = await meshGuard('access', '--against', OUTCOMES, '-o', 'json')
  return accessSchema.parse(JSON.parse(out))
}

for (const [namespace, model, mode, verdict, identity] of OBSERVED) {
  t.test(`a client in ${namespace} calls ${model}: ${verdict}`, async t => {
    const { workloads, models } = await outcomes()
    const client = workloads.findIndex(one => one.namespace === namespace && /^(httpbin|sleep)/.test(one.name))
    const calls = models
      .filter(({ inferenceService }) => inferenceService === `user1/${model}`)
      .flatMap(one => one.calls.filter(({ via, workloads }) => via === 'component' && workloads.includes(client)))
    t.equal(calls.length, 1)
    const paths = calls.flatMap(one => one.paths.filter(({ activatorMode }) => activatorMode === mode))
    t.match(paths, [{ verdict, identities: [identity] }])
  })
}

t.test('output formats', async t => {
  const run = (...argv: readonly string[]) => meshGuard('access', 'user1/sklearn-iris', '--against', OUTCOMES, ...argv)
  t.match(await run(), {
    code: 0,
    out: /^user1\/sklearn-iris: 2 of 3 workloads can call it\n {2}ok {6}user1\/httpbin-1/
  })
  t.match((await run('-o', 'wide')).out, /\n {4}BLOCKED caller->pod\n {8}route: .*\n {8}client sends mTLS /)
  t.same(parse((await run('-o', 'yaml')).out), JSON.parse((await run('-o', 'json')).out))
  t.match((await run('-o', 'html')).out, /^<!doctype html>\n.*<h1>Workloads that can call InferenceServices<\/h1>/s)
  t.match(await run('-o', 'table'), { code: 2, err: /invalid value table; use one of text, wide, json, yaml/ })
})

t.test('without a name, text is a matrix if it fits the width', async t => {
  const matrix = `WORKLOAD                    user1/sklearn-iris  user1/sklearn-iris-burst
user1/httpbin-1             ok                  ok
user1/sklearn-iris-1        -                   ok
user1/sklearn-iris-burst-1  ok                  -
user2/sleep-1               BLOCKED             BLOCKED 2/4

mesh-guard access NAMESPACE/NAME shows addresses, identities and causes
Istio in namespace istio-system `
  const run = async (columns: number, ...argv: readonly string[]) =>
    (await runCommand(['access', '--against', OUTCOMES, '--color', 'never', ...argv], true, columns)).out
  t.equal((await meshGuard('access', '--against', OUTCOMES)).out.slice(0, matrix.length), matrix)
  t.ok((await run(80)).startsWith(matrix.slice(0, matrix.indexOf('\nmesh-guard'))))
  t.match(await run(70), /^user1\/sklearn-iris: 2 of 3 workloads can call it\n/, 'too wide')
  t.match(await run(200, 'user1/sklearn-iris'), /^user1\/sklearn-iris: 2 of 3 /, 'one model')
  t.match(await run(200, '-n', 'user2'), /^no InferenceService found\n/, 'no model')
})

t.test('exit code is 1 for findings at or above --fail-on', async t => {
  t.equal((await meshGuard('access', '--against', OUTCOMES)).code, 0, 'a policy that denies some callers is a warning')
  t.equal((await meshGuard('access', '--against', OUTCOMES, '--fail-on', 'warn')).code, 1)
  t.equal((await meshGuard('access', '--against', CLUSTER, '--fail-on', 'warn')).code, 0)
})

t.test('an unknown InferenceService is an error with a suggestion', async t => {
  t.match(await meshGuard('access', 'user1/sklern-iris', '--against', CLUSTER), {
    code: 2,
    out: '',
    err: 'error: InferenceService user1/sklern-iris: not found; did you mean user1/sklearn-iris?\n'
  })
})
