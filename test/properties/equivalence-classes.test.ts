import { deepStrictEqual } from 'node:assert'
import fc from 'fast-check'
import t from 'tap'
import { allBlocked, allLatent } from '../../src/engine/all-blocked.ts'
import { type BlockedPath, blockedPathsOf } from '../../src/engine/diff.ts'
import { type Evaluation, evaluate, skippedBy } from '../../src/engine/incremental/evaluate.ts'
import { runCheck } from '../../src/engine/incremental/run-checks.ts'
import { allFound } from '../../src/engine/problem-diff.ts'
import { DEFAULT_POLICY, toPathFindings } from '../../src/engine/to-findings.ts'
import { pathsOf } from '../../src/request/inference-service-paths.ts'
import type { Path } from '../../src/request/request-path.ts'
import { RULES } from '../../src/rules/index.ts'
import type { Snapshot } from '../../src/state/snapshot.ts'
import { property } from '../support/property.ts'
import {
  anyObject,
  applying,
  clusterWith,
  inferenceService,
  type Manifest,
  read,
  someObjects
} from '../support/random-cluster.ts'

/** Result of a path without the names of the model. */
const resultOf = ({ caller, from, entry, activatorMode, hops, expected, unknown: inputs, unevaluated }: Path) =>
  JSON.stringify([
    caller,
    from,
    entry,
    activatorMode,
    expected,
    inputs,
    unevaluated,
    hops.map(({ name, failure, unknown }) => [name, failure?.cause, unknown])
  ])

/** Copies of one model in several namespaces, which may be equal. */
const twins = inferenceService.map(one =>
  ['user1', 'user2', 'user3', 'user4'].flatMap(namespace =>
    ['a', 'b'].map(name => ({ ...one, metadata: { ...one.metadata, namespace, name: `twin-${name}` } }))
  )
)
const cluster = fc
  .tuple(someObjects, twins, twins)
  .map(([manifests, some, others]): readonly Manifest[] => [
    ...manifests,
    ...some,
    ...others.map(one => ({ ...one, metadata: { ...one.metadata, name: `${one.metadata['name']}-too` } }))
  ])

/** Rule, object and field of the findings for blocked paths. */
const causesOf = (blocked: readonly BlockedPath[], state: Snapshot) =>
  toPathFindings(blocked, state, RULES, DEFAULT_POLICY)
    .findings.map(
      ({ rule, object: { kind, namespace, name }, field }) => `${rule} ${kind} ${namespace}/${name} ${field}`
    )
    .sort()

property(t, 'class results equal the results of each member', cluster, 60, manifests => {
  const state = clusterWith(manifests)
  const checks = RULES.checks.filter(({ on }) => on.includes('InferenceService'))
  for (const { evaluations } of evaluate(state, RULES).namespaces.values()) {
    for (const { members, paths, next, found } of evaluations.values()) {
      for (const member of members) {
        const own = pathsOf(state, member)
        deepStrictEqual(own.map(resultOf), paths?.map(resultOf))
        deepStrictEqual(
          causesOf(blockedPathsOf([member], own), state),
          causesOf(blockedPathsOf([member], paths), state)
        )
        if (next !== undefined) deepStrictEqual(pathsOf(state, member, 'next').map(resultOf), next.map(resultOf))
        const expected = checks.flatMap(rule => runCheck(state, rule, [member]).found)
        deepStrictEqual(
          JSON.stringify(found.filter(({ subject }) => subject.name === member.name)),
          JSON.stringify(expected)
        )
      }
    }
  }
})

const describe = ({ models, path, hop, partialDenial }: BlockedPath) =>
  models.map(({ namespace, name }) => `${namespace}/${name} ${resultOf(path)} ${hop.name} ${partialDenial}`)
/** Comparable results of an evaluation. */
const summaryOf = (evaluation: Evaluation) => ({
  blocked: allBlocked(evaluation).flatMap(describe).sort(),
  latent: allLatent(evaluation).flatMap(describe).sort(),
  installation: evaluation.controlPlane.value?.map(resultOf),
  found: allFound(evaluation)
    .map(one => JSON.stringify([one.rule.id, one.subject, one.problem]))
    .sort(),
  skipped: skippedBy(evaluation)
})

property(
  t,
  'an incremental evaluation equals a full evaluation',
  fc.tuple(cluster, fc.array(anyObject, { minLength: 1, maxLength: 3 })),
  60,
  ([manifests, changes]) => {
    let state: Snapshot = clusterWith(manifests)
    let evaluation = evaluate(state, RULES)
    for (const manifest of changes) {
      state = state.apply(applying(state, read(manifest)))
      evaluation = evaluate(state, RULES, evaluation)
    }
    deepStrictEqual(summaryOf(evaluation), summaryOf(evaluate(state, RULES)))
  }
)
