import type { CutHop, HopName } from '../model/verdict.ts'
import { cutHopOf, type Path } from '../model/way.ts'
import type { Evaluation, Found } from './evaluate.ts'

/** A path that is cut, of one InferenceService. */
export interface CutPath {
  readonly model: string
  readonly path: Path
  readonly hop: CutHop
  /** True where a policy refuses some callers, while others still get through: its author may want just that. */
  readonly partial: boolean
}

/** The difference between two states: what a change has brought about. */
export interface Introduced {
  readonly cuts: readonly CutPath[]
  /** Paths that the pods which are made next will find cut. */
  readonly latent: readonly CutPath[]
  readonly found: readonly Found[]
  /** Problems that were there, and now concern one more InferenceService. */
  readonly widened: readonly Found[]
  /** Paths that were cut before as well, by whatever. */
  readonly oldCuts: readonly CutPath[]
  readonly oldFound: readonly Found[]
  /** Did a path that was cut open? */
  readonly heals: boolean
}

/** @param changed the InferenceService that the change itself is about: its next pods are what counts */
export function introduced(before: Evaluation, after: Evaluation, changed?: string): Introduced {
  const cuts: CutPath[] = []
  const latent: CutPath[] = []
  const oldCuts: CutPath[] = []
  for (const [model, running] of after.paths) {
    const earlier = earlierPaths(before, model)
    if (earlier === undefined) continue
    const next = after.next.get(model)
    const paths = model === changed ? (next ?? running) : running
    const fresh = newlyCut(earlier, paths)
    const isNew = earlier.length === 0
    cuts.push(...toCutPaths(model, fresh, paths).filter(({ partial }) => !(isNew && partial)))
    const known = new Set(fresh)
    oldCuts.push(
      ...toCutPaths(
        model,
        paths.filter(path => !known.has(path)),
        paths
      )
    )
    if (next !== undefined && model !== changed && fresh.length === 0) {
      latent.push(...toCutPaths(model, newlyCut(before.next.get(model) ?? earlier, next), next))
    }
  }
  const known = new Set(before.found.flatMap(keysOf))
  const groups = { found: [] as Found[], widened: [] as Found[], oldFound: [] as Found[] }
  for (const one of after.found) {
    const [own, ...models] = keysOf(one)
    if (!known.has(own)) groups.found.push(one)
    else (models.some(key => !known.has(key)) ? groups.widened : groups.oldFound).push(one)
  }
  return { cuts, latent, oldCuts, ...groups, heals: heals(before, after) }
}

/**
 * Of the paths to one InferenceService, those that are cut and were not. None for a new one that is out of reach of
 * callers alone of whom nobody has said that they should be within it. Where requests are cut, probes are not told of.
 */
export function newlyCut(before: readonly Path[], after: readonly Path[]): readonly Path[] {
  const cut = withVanishedCallers(after, before).filter(path => isCut(path) && wasOpen(before, path))
  if (before.length === 0 && !cut.some(({ needed }) => needed)) return []
  const requests = cut.filter(({ caller }) => caller !== 'probe')
  return requests.length > 0 ? requests : cut
}

const isCut = (path: Path) => cutHopOf(path) !== undefined

/** Every path that is cut in a state, as if nothing had been there before. */
export function allCuts({ paths }: Evaluation): readonly CutPath[] {
  return [...paths].flatMap(([model, all]) => toCutPaths(model, newlyCut([], all), all))
}

/** Those that are cut, and whether others of all the model's paths are not. */
function toCutPaths(model: string, some: readonly Path[], all: readonly Path[]): readonly CutPath[] {
  const isReached = all.some(path => path.entry === 'address' && !isCut(path))
  return some.flatMap(path => {
    const hop = cutHopOf(path)
    return hop === undefined ? [] : [{ model, path, hop, partial: isReached && refusesCallers(hop) }]
  })
}

/** Knative's own pods have no choice: where they are refused, the model cannot serve. */
const KNATIVES_OWN: readonly HopName[] = ['activator->pod', 'autoscaler->pod', 'kubelet->pod', 'apiserver->webhook']

function refusesCallers({ name, cut }: CutHop): boolean {
  return 'verdict' in cut && cut.cause !== 'provider-unknown' && !KNATIVES_OWN.includes(name)
}

/**
 * Two problems are the same when rule, object and field (whatever the index in a list) are. The first key is the
 * problem's own; the others are of the InferenceServices it concerns.
 */
function keysOf({ rule, subject, problem }: Found): readonly [string, ...string[]] {
  const { kind, namespace, name } = subject
  const own = [rule.id, kind, namespace, name, problem.field.replace(/\[\d+\]/g, '[]')].join(' ')
  return [own, ...(problem.models ?? []).map(model => `${own} ${model}`)]
}

/**
 * Could requests take this path, or the one it stands for, before? A path that did not exist counts as open: what is
 * born cut is cut by its birth.
 */
function wasOpen(before: readonly Path[], path: Path): boolean {
  const alike = before.filter(({ caller, entry }) => caller === path.caller && entry === path.entry)
  const own = alike.filter(({ from }) => from === path.from)
  // A namespace that had no rules of its own was one of any.
  const candidates = own.length > 0 ? own : alike.filter(({ from }) => from === undefined)
  const same = candidates.filter(({ leg }) => leg === path.leg)
  const compared = same.length > 0 ? same : candidates
  return compared.length === 0 || !compared.every(isCut)
}

/** Callers that had rules of their own before, and have none now, fare as any caller does. */
function withVanishedCallers(after: readonly Path[], before: readonly Path[]): readonly Path[] {
  const namespaces = (paths: readonly Path[]) =>
    new Set(paths.flatMap(({ from }) => (from === undefined ? [] : [from])))
  const present = namespaces(after)
  const vanished = [...namespaces(before)].filter(namespace => !present.has(namespace))
  const anyone = after.filter(({ caller, from }) => caller === 'in-mesh' && from === undefined)
  return [...after, ...vanished.flatMap(from => anyone.map(path => ({ ...path, from })))]
}

function heals(before: Evaluation, after: Evaluation): boolean {
  return [...after.paths].some(([model, paths]) => {
    const earlier = before.paths.get(model)
    return earlier !== undefined && paths.some(path => !isCut(path) && !wasOpen(earlier, path))
  })
}

/** None for a model that is new; absent where it was there but could not be judged, so that nothing can be compared. */
function earlierPaths({ paths, snapshot }: Evaluation, model: string): readonly Path[] | undefined {
  const known = paths.get(model)
  if (known !== undefined) return known
  const [namespace = '', name = ''] = model.split('/')
  return snapshot.get('InferenceService', namespace, name) === undefined ? [] : undefined
}
