import type { InferenceService } from '../kserve/inference-service.ts'
import type { HopName, Unevaluated } from '../request/hop.ts'
import type { Path } from '../request/request-path.ts'
import { getOrAdd } from '../state/map.ts'
import { PATHS } from './incremental/class-evaluation.ts'
import { type Evaluation, modelKey } from './incremental/evaluate.ts'
import type { Skip } from './incremental/skip.ts'
import { withRemovedCallers } from './newly-blocked.ts'

/** Path whose result is not known, of InferenceServices with identical paths. */
export interface UnknownPath {
  /** Empty if the path belongs to a control plane. */
  readonly models: readonly InferenceService[]
  readonly entry: string
  readonly hop: HopName
  readonly reason: string
  readonly rule: typeof PATHS | typeof ANSWERS
}

/**
 * Paths that a change makes unknown, or whose unknown result it can change. A path that was unknown and is blocked now is
 * one of them: whether the change blocks it is not known.
 */
export function newlyUnknown(
  models: readonly InferenceService[],
  { paths, next }: { readonly paths: readonly Path[]; readonly next: readonly Path[] | undefined },
  running: readonly Path[],
  afterRollout: readonly Path[] = running
): readonly UnknownPath[] {
  const own = comparePaths(paths, running)
  return [
    ...toUnknownPaths(models, afterRollout === running ? own : [...own, ...comparePaths(next ?? paths, afterRollout)]),
    ...newAnswers(models, paths, running)
  ]
}

/** What can reject requests after a change and could not before. That of a new model existed before. */
function newAnswers(
  models: readonly InferenceService[],
  before: readonly Path[],
  after: readonly Path[]
): readonly UnknownPath[] {
  if (before === after || before.length === 0) return []
  const textOf = ({ reason, inputs }: Unevaluated) => `${reason} ${inputs}`
  const textsIn = (paths: readonly Path[]) => new Set(paths.flatMap(({ unevaluated = [] }) => unevaluated.map(textOf)))
  const known = textsIn(before)
  const toAnswers = ({ entry, unevaluated = [] }: Path, own: ReadonlySet<string>): readonly UnknownPath[] =>
    unevaluated
      .filter(one => !own.has(textOf(one)))
      .map(({ hop, reason, by }) => ({ models, entry, hop, reason, rule: by === 'provider' ? ANSWERS : PATHS }))
  return [
    ...after.flatMap(path => toAnswers(path, known)),
    ...withRemovedCallers(after, before)
      .slice(after.length)
      .flatMap(path => toAnswers(path, textsIn(before.filter(one => isOfSomeCaller(one, path)))))
  ]
}

/** True for a path of callers that are a class no more, to the same address. */
function isOfSomeCaller(one: Path, { entry, from: removed }: Path): boolean {
  return one.entry === entry && removed?.some(namespace => one.from?.includes(namespace)) === true
}

function comparePaths(before: readonly Path[], after: readonly Path[]): readonly Path[] {
  if (before === after) return []
  const known = new Set(before.flatMap(keyOf))
  const fresh = after.filter(path => keyOf(path).some(key => !known.has(key)))
  const wasUnknown = before.filter(({ unknown }) => unknown !== undefined)
  const blocked = wasUnknown.filter(one => after.some(path => isSameCall(path, one) && isBlocked(path)))
  return [...fresh, ...blocked]
}

/** All paths of a state whose result is not known. */
export function allUnknown({ namespaces, controlPlane, llmInferenceServices }: Evaluation): readonly UnknownPath[] {
  const classes = [...namespaces.values()].flatMap(({ evaluations }) => [...evaluations.values()])
  return [
    ...[controlPlane, llmInferenceServices].flatMap(({ value = [] }) => toUnknownPaths([], value)),
    ...classes.flatMap(({ members, paths = [], next = [] }) => toUnknownPaths(members, [...paths, ...next]))
  ]
}

/** One entry for each reason, with the models and hops that it concerns. */
export function toSkips(paths: readonly UnknownPath[]): readonly Skip[] {
  const reasons = new Map<
    string,
    { readonly rule: string; readonly subjects: Set<string>; readonly hops: Set<HopName> }
  >()
  for (const { models, entry, hop, reason, rule } of paths) {
    const { subjects, hops } = getOrAdd(reasons, reason, () => ({
      rule,
      subjects: new Set<string>(),
      hops: new Set<HopName>()
    }))
    for (const subject of models.length === 0 ? [entry] : models.map(modelKey)) subjects.add(subject)
    hops.add(hop)
  }
  return [...reasons].map(([reason, { rule, subjects, hops }]) => ({
    rule,
    missing: [],
    reason: `${toNames(subjects)}: ${reason} at ${[...hops].join(', ')}`
  }))
}

/** Rule name of answers that the model does not predict. They do not change a decision, unless `unevaluated` is `deny`. */
export const ANSWERS = 'answers'

const MAX_NAMES = 2

function toNames(subjects: ReadonlySet<string>): string {
  const names = [...subjects].sort()
  const more = names.length - MAX_NAMES
  return more > 0 ? `${names.slice(0, MAX_NAMES).join(', ')} and ${more} more` : names.join(', ')
}

function keyOf({ caller, entry, unknown }: Path): readonly string[] {
  return unknown === undefined ? [] : [JSON.stringify([caller, entry, unknown])]
}

const isBlocked = ({ hops }: Path) => hops.some(({ failure }) => failure !== undefined)
const isSameCall = (one: Path, other: Path) => one.caller === other.caller && one.entry === other.entry

/** The paths of these models whose result is not known. */
export function toUnknownPaths(models: readonly InferenceService[], paths: readonly Path[]): readonly UnknownPath[] {
  return paths.flatMap(({ entry, hops, unknown }) => {
    const hop = hops.at(-1)?.name
    return unknown === undefined || hop === undefined
      ? []
      : [{ models, entry, hop, reason: unknown.reason, rule: PATHS }]
  })
}
