/** `--namespace` of explain and trace; audit has its own test. */
import { join } from 'node:path'
import t from 'tap'
import { explanationSchema } from '../../src/report/explanation.ts'
import { meshGuard } from '../support/command.ts'

const examples = join(import.meta.dirname, '../../examples')
const CLUSTER = ['--against', join(examples, 'cluster')]

const modelsIn = (json: string) =>
  explanationSchema.parse(JSON.parse(json)).models.map(({ inferenceService }) => inferenceService)

t.test('explain -n is the namespace of the model, or selects models', async t => {
  const both = ['user1/sklearn-iris', 'user1/sklearn-iris-burst']
  for (const [argv, models] of [
    [[], both],
    [['-A'], both],
    [['-n', 'user1'], both],
    [['-n', 'user2'], []],
    [['sklearn-iris', '-n', 'user1'], ['user1/sklearn-iris']],
    [['user1/sklearn-iris', '--namespace', 'user1'], ['user1/sklearn-iris']]
  ] as const) {
    const { code, out, err } = await meshGuard('explain', ...argv, ...CLUSTER, '--fail-on', 'never', '-o', 'json')
    t.equal(code, 0, err)
    t.same(modelsIn(out), models, argv.join(' '))
  }
})

t.test('trace -n is the namespace of the client pod', async t => {
  const call = ['trace', '--from', 'sleep-6d6b49d8b8-6ths6', '--to', 'httpbin.user1:8000', ...CLUSTER]
  t.match(await meshGuard(...call, '-n', 'user2'), { code: 0, out: /^ok {6}user2\/sleep-6d6b49d8b8-6ths6 -> / })
  t.match(await meshGuard(...call), { code: 2, err: /pod default\/sleep-.*: not found; did you mean user2\/sleep-/ })
})

t.test('a contradicting or unknown namespace is an error', async t => {
  for (const [argv, message] of [
    [['explain', 'user1/sklearn-iris', '-n', 'user2'], /user1\/sklearn-iris: --namespace is user2; omit /],
    [['explain', '-n', 'user11'], /namespace user11: not found; did you mean user1\?/],
    [['explain', 'user1/sklearn-iris', '-A'], /--all-namespaces: user1\/sklearn-iris selects one InferenceService; /],
    [['explain', '-A', '-n', 'user1'], /'-A, --all-namespaces' cannot be used with option '-n, --namespace <name>'/],
    [['audit', '-A', '-n', 'user1'], /cannot be used/],
    [['audit', '-n', 'user11'], /namespace user11: not found; did you mean user1\?/],
    [['trace', '--from', 'user2/a', '-n', 'user1', '--to', 'a:1'], /user2\/a: --namespace is user1; omit /]
  ] as const) {
    t.match(await meshGuard(...argv, ...CLUSTER), { code: 2, out: '', err: message }, argv.join(' '))
  }
})

t.test('--kubeconfig and --context require --against live', async t => {
  const files = ['--against', 'examples/cluster']
  for (const argv of [
    ['check', 'examples/strict-mesh.yaml', ...files, '--kubeconfig', 'config'],
    ['explain', 'user1/sklearn-iris', ...files, '--context', 'staging'],
    ['trace', '--from', 'user2/sleep', '--to', 'httpbin.user1:8000', ...files, '--context', 'staging'],
    ['audit', ...files, '--context', 'staging']
  ]) {
    const { code, out, err } = await meshGuard(...argv)
    t.match({ code, out, err }, { code: 2, out: '', err: /--\w+ requires --against live/ }, argv.join(' '))
  }
})
