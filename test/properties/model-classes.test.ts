import { deepStrictEqual } from 'node:assert'
import t from 'tap'
import { evaluateAfresh, resultOf } from '../../src/engine/evaluate-afresh.ts'
import { type Evaluation, evaluate } from '../../src/engine/incremental/evaluate.ts'
import { runCheck } from '../../src/engine/incremental/run-checks.ts'
import { pathsOf } from '../../src/request/inference-service-paths.ts'
import { RULES } from '../../src/rules/index.ts'
import { property } from '../support/property.ts'
import { applying, clusterWith, read } from '../support/random-cluster.ts'
import { equalModels } from '../support/random-models.ts'

const CHECKS = RULES.checks.filter(({ on }) => on.includes('InferenceService'))

property(t, 'each model of a class has the results of the class', equalModels, 100, manifests => {
  const state = clusterWith(manifests)
  for (const { evaluations } of evaluate(state, RULES).namespaces.values()) {
    for (const { members, paths = [], next, found } of evaluations.values()) {
      for (const model of members) {
        const at = `${model.namespace}/${model.name}`
        deepStrictEqual(paths.map(resultOf), evaluateAfresh(state, model).map(resultOf), at)
        if (next !== undefined) deepStrictEqual(next.map(resultOf), pathsOf(state, model, 'next').map(resultOf), at)
        const own = CHECKS.flatMap(rule => runCheck(state, rule, [model]).found)
        deepStrictEqual(
          found.filter(({ subject }) => subject.namespace === model.namespace && subject.name === model.name),
          own,
          at
        )
      }
    }
  }
})

const classesOf = ({ namespaces }: Evaluation) =>
  [...namespaces].flatMap(([namespace, { evaluations }]) =>
    [...evaluations.values()].map(({ members, paths = [] }) => [
      namespace,
      members.map(({ name }) => name),
      paths.map(resultOf)
    ])
  )

property(t, 'classes after each change are those of the state', equalModels, 40, manifests => {
  const half = manifests.length >> 1
  let state = clusterWith(manifests.slice(0, half))
  let evaluation = evaluate(state, RULES)
  for (const manifest of manifests.slice(half)) {
    state = state.apply(applying(state, read(manifest)))
    evaluation = evaluate(state, RULES, evaluation)
  }
  deepStrictEqual(new Set(classesOf(evaluation)), new Set(classesOf(evaluate(state, RULES))))
  const [last] = manifests.slice(-1).map(read)
  if (last === undefined) return
  const without = state.apply({ operation: 'DELETE', before: last })
  deepStrictEqual(
    new Set(classesOf(evaluate(without, RULES, evaluation))),
    new Set(classesOf(evaluate(without, RULES)))
  )
})
