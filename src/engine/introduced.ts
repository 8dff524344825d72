import type { InferenceService } from '../model/inference-service.ts'
import { type Pods, pathsOf } from '../model/path.ts'
import type { Resource } from '../model/resource.ts'
import { getOrAdd } from '../model/shelf.ts'
import type { CutHop, HopName } from '../model/verdict.ts'
import { cutHopOf, isOpen, type Path } from '../model/way.ts'
import type { ClassEvaluation } from './class-evaluation.ts'
import { track } from './dependency-tracking.ts'
import type { Evaluation } from './evaluate.ts'
import { introducedProblems, type Problems } from './introduced-problems.ts'
import type { NamespaceEvaluation } from './namespace-evaluation.ts'
import { compared, newlyCut } from './newly-cut.ts'

/** A path that is cut, of InferenceServices that fare alike. */
export interface CutPath {
  /** None where no single one is meant. */
  readonly models: readonly InferenceService[]
  readonly path: Path
  readonly hop: CutHop
  /** True where a policy refuses some callers, while others still get through: its author may want just that. */
  readonly partial: boolean
}

/** The difference between two states: what a change has brought about. */
export interface Introduced extends Problems {
  readonly cuts: readonly CutPath[]
  /** Paths that the pods which are made next will find cut. */
  readonly latent: readonly CutPath[]
  /** Paths that were cut before as well, by whatever. */
  readonly oldCuts: readonly CutPath[]
  /** Did a path that was cut open? */
  readonly heals: boolean
}

/** @param changed what the change itself is about: of an InferenceService, its next pods are what counts */
export function introduced(before: Evaluation, after: Evaluation, changed?: Resource): Introduced {
  const cuts: CutPath[] = []
  const latent: CutPath[] = []
  const oldCuts: CutPath[] = []
  let heals = false
  for (const { models, previous, running, next } of comparisons(before, after)) {
    const own = models.some(model => model === changed)
    const paths = own ? (next ?? running) : running
    const which = own && next !== undefined ? 'next' : 'running'
    const fresh = newlyCut(previous.paths, paths).map(path => forItsCallers(after, models[0], which, paths, path))
    const isNew = previous.paths.length === 0
    cuts.push(...toCutPaths(models, fresh, paths).filter(({ partial }) => !(isNew && partial)))
    if (next !== undefined && !own && fresh.length === 0) {
      latent.push(...toCutPaths(models, newlyCut(previous.next ?? previous.paths, next), next))
    }
    if (previous.paths.every(isOpen)) continue
    const old = paths
      .flatMap(path => compared(previous.paths, path))
      .flatMap(({ path, wasOpen }) => (wasOpen ? [] : path))
    oldCuts.push(...toCutPaths(models, old, paths))
    heals ||= old.some(isOpen)
  }
  return { cuts, latent, oldCuts, heals, ...introducedProblems(before, after) }
}

/**
 * A path of some of the callers that are alike, evaluated for the first of them. Each may be configured by an object of
 * its own namespace, and the one to blame is theirs.
 */
function forItsCallers(
  { snapshot }: Evaluation,
  model: InferenceService | undefined,
  which: Pods,
  all: readonly Path[],
  path: Path
): Path {
  const { caller, entry, leg, from } = path
  const evaluated = all.find(({ hops }) => hops === path.hops)?.from?.[0]
  if (model === undefined || evaluated === undefined || from === undefined || from[0] === evaluated) return path
  const { value = [] } = track(snapshot, view => pathsOf(view, model, which, from[0]))
  const same = value.find(
    one => one.caller === caller && one.entry === entry && one.leg === leg && one.from?.[0] === from[0]
  )
  return { ...path, hops: same?.hops ?? path.hops }
}

/** Models that had the same paths before, and have the same now. */
interface Comparison {
  readonly models: readonly InferenceService[]
  readonly previous: { readonly paths: readonly Path[]; readonly next: readonly Path[] | undefined }
  readonly running: readonly Path[]
  readonly next: readonly Path[] | undefined
}

const NEW: PreviousEvaluation = { paths: [], next: undefined }

function* comparisons(before: Evaluation, after: Evaluation): Iterable<Comparison> {
  const [then, now] = [before.installation.value, after.installation.value]
  if (then !== undefined && now !== undefined) {
    yield { models: [], previous: { paths: then, next: undefined }, running: now, next: undefined }
  }
  for (const [namespace, evaluated] of after.namespaces) {
    const previous = before.namespaces.get(namespace)
    // A group that has read nothing of what changed has neither won nor lost a path, and no change is to blame in it.
    if (previous !== evaluated) yield* compareNamespaces(previous, evaluated)
  }
}

function* compareNamespaces(before: NamespaceEvaluation | undefined, after: NamespaceEvaluation): Iterable<Comparison> {
  // Where nobody has changed families, one of each speaks for all.
  const isSettled = before?.classes.byFingerprint === after.classes.byFingerprint
  const representatives = ({ members }: ClassEvaluation) => (isSettled ? members.slice(0, 1) : members)
  const previousByName = new Map<string, ClassEvaluation>()
  for (const evaluation of before?.evaluations.values() ?? [])
    for (const { name } of representatives(evaluation)) previousByName.set(name, evaluation)
  for (const current of after.evaluations.values()) {
    // Of what cannot be judged now, nothing is known to be cut.
    const { members, paths: running = [], next } = current
    for (const [then, some] of byPreviousClass(representatives(current), previousByName)) {
      const { paths, next: nextThen } = then
      const models = isSettled ? members : some
      // What was there and could not be judged cannot be compared.
      if (paths !== undefined) yield { models, previous: { paths, next: nextThen }, running, next }
    }
  }
}

type PreviousEvaluation = Pick<ClassEvaluation, 'paths' | 'next'>

/** Models by the family that they were of before. */
function byPreviousClass(
  models: readonly InferenceService[],
  previousByName: ReadonlyMap<string, ClassEvaluation>
): ReadonlyMap<PreviousEvaluation, readonly InferenceService[]> {
  const origins = new Map<PreviousEvaluation, InferenceService[]>()
  for (const model of models)
    getOrAdd(origins, previousByName.get(model.name) ?? NEW, (): InferenceService[] => []).push(model)
  return origins
}

/** Every path that is cut in a state, as if nothing had been there before. */
export function allCuts({ namespaces, installation }: Evaluation): readonly CutPath[] {
  const classes = [...namespaces.values()].flatMap(({ evaluations }) => [...evaluations.values()])
  return [...cutsOf([], installation.value), ...classes.flatMap(({ members, paths }) => cutsOf(members, paths))]
}

/** Of the paths of models that fare alike, those that are cut. */
export function cutsOf(models: readonly InferenceService[], paths: readonly Path[] = []): readonly CutPath[] {
  return toCutPaths(models, newlyCut([], paths), paths)
}

/** Those that are cut, and whether others of all the models' paths are not. */
function toCutPaths(
  models: readonly InferenceService[],
  some: readonly Path[],
  all: readonly Path[]
): readonly CutPath[] {
  const isReached = all.some(path => path.entry === 'address' && isOpen(path))
  return some.flatMap(path => {
    const hop = cutHopOf(path)
    return hop === undefined ? [] : [{ models, path, hop, partial: isReached && refusesCallers(hop) }]
  })
}

/** Knative's own pods have no choice: where they are refused, the model cannot serve. */
const KNATIVES_OWN: readonly HopName[] = ['activator->pod', 'autoscaler->pod', 'kubelet->pod', 'apiserver->webhook']

function refusesCallers({ name, cut }: CutHop): boolean {
  return 'verdict' in cut && cut.cause !== 'provider-unknown' && !KNATIVES_OWN.includes(name)
}
