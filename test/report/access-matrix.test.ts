import t from 'tap'
import { access } from '../../src/engine/access.ts'
import { DEFAULT_POLICY } from '../../src/engine/to-findings.ts'
import { toAccess } from '../../src/report/access.ts'
import { toAccessMatrix } from '../../src/report/access-matrix.ts'
import { RULES } from '../../src/rules/index.ts'
import type { Snapshot } from '../../src/state/snapshot.ts'
import { authorizing, model, pod, together, tokens } from '../support/objects.ts'
import { stateOf, stockWith } from '../support/snapshot.ts'

const matrixOf = (state: Snapshot, columns = Infinity) =>
  toAccessMatrix(
    toAccess(
      state,
      access(state, () => true, RULES, DEFAULT_POLICY)
    ),
    columns
  )
const modeOf = (mode: string) => model(`, annotations: { serving.kserve.io/deploymentMode: ${mode} }`)
const JWT = [tokens(), authorizing('{ rules: [{ from: [{ source: { requestPrincipals: ["*"] } }] }] }')]

for (const [name, objects, line] of [
  ['a required JWT', [modeOf('Standard'), ...JWT], /^user2\/sleep\S+ +ok \(JWT\) +/m],
  ['an own pod calls no address of its model', [], /^user1\/sklearn-iris-predictor\S+ +- +ok$/m],
  ['a model that is not modeled', [modeOf('ModelMesh')], /^user1\/new: no request paths: ModelMesh /m],
  [
    'workloads that differ in labels',
    [pod('user2', 'a', 'app: a', 'sidecar'), pod('user2', 'b', 'app: b', 'sidecar')],
    /^user2\/a +ok +ok\nuser2\/b +ok +ok\n/m
  ]
] as const) {
  t.test(name, async t => t.match(matrixOf(stockWith(together(...objects))), line))
}

t.test('there is no matrix without models or workloads, or if it is too wide', async t => {
  const state = stockWith('')
  const width = Math.max(
    ...(`${matrixOf(state)}`
      .split('\n\n', 1)[0]
      ?.split('\n')
      .map(({ length }) => length) ?? [])
  )
  t.type(matrixOf(state, width), 'string')
  t.equal(matrixOf(state, width - 1), undefined)
  t.equal(matrixOf(stateOf('')), undefined)
  t.equal(matrixOf(stateOf(model(''))), undefined, 'no workload')
})
