import type { Workload } from '../state/workload.ts'
import type { ActivatorMode } from './activator.ts'
import type { Caller, InFlightRequest, TrafficSource } from './caller.ts'
import { isOk } from './evaluate-calls.ts'
import type { Caveat, FailedHop, Hop, HopName, TokenRequiredHop, Unevaluated } from './hop.ts'

/** Evaluated request path to a model. */
export interface Path extends Caller {
  /**
   * InferenceService URL (`address`) or predictor host (`component`, only callers with a sidecar); for other callers, their
   * name.
   */
  readonly entry: string
  /** External address, with placeholders for the names of the model; absent for callers in the cluster. */
  readonly address?: string | undefined
  /** Absent if the request is blocked before the revision, or if there is only one mode. */
  readonly activatorMode: ActivatorMode | undefined
  /** Absent: the latest revision, or the request is blocked before. */
  readonly revision?: 'previous' | undefined
  /** In order, up to the first that is blocked or unknown. */
  readonly hops: readonly Hop[]
  /** Hop at which a policy denies the same request without a JWT; absent if it gets as far as with one. */
  readonly tokenRequired?: TokenRequiredHop
  /** False if no configuration shows that such callers exist. */
  readonly expected: boolean
  /** Why the result is not known, with the inputs of all hops from there on. */
  readonly unknown?: Unevaluated | undefined
  /** What can still reject a request whose result is known, with the hop. */
  readonly unevaluated?: readonly (Caveat & { readonly hop: HopName })[]
}

/** One way that a request can take. */
export interface Branch {
  readonly activatorMode: ActivatorMode | undefined
  readonly revision?: 'previous'
  readonly hops: readonly Hop[]
  /** Number of hops before the ways to the revision part. */
  readonly shared: number
}

/** Path before evaluation. */
export interface PathTemplate extends Caller {
  readonly entry: string
  readonly address?: string | undefined
  readonly expected?: boolean | undefined
  /** Requests that the caller can choose from, such as different JWTs; the one that gets furthest is used. */
  readonly candidates: readonly [InFlightRequest, ...InFlightRequest[]]
  readonly follow: (request: InFlightRequest) => readonly Branch[]
}

/** Paths to a component, for any caller. */
export interface PathTemplates {
  /** Hosts of the component and servers on the path; caller classes depend on them. */
  readonly hosts: readonly string[]
  readonly servers: readonly Workload[]
  readonly external: readonly PathTemplate[]
  readonly probes: readonly PathTemplate[]
  /** Paths of a source by InferenceService URL (`address`) or predictor host (`component`). */
  readonly to: (address: 'address' | 'component', source: TrafficSource) => readonly PathTemplate[]
}

/** Peer identities that the last server sees, `undefined` for an unauthenticated peer. */
export function peersOf({ hops }: Pick<Path, 'hops'>): readonly (string | undefined)[] {
  const calls = hops.slice(-1).flatMap(hop => hop.calls)
  const peers = calls.flatMap(({ connection: { outcome } }) => (outcome.is === 'open' ? [outcome.identity] : []))
  return [...new Set(peers)]
}

/** The blocked hop of a path, if any. */
export function failedHopOf({ hops }: Pick<Path, 'hops'>): FailedHop | undefined {
  return hops.find((hop): hop is FailedHop => hop.failure !== undefined)
}

/** Evaluates a template: one path for each branch, or one in total if no branch is reached. */
export function evaluatePath(template: PathTemplate): readonly Path[] {
  const hasToken = ({ call }: InFlightRequest) => call.token !== undefined
  const plain = furthest(
    template,
    template.candidates.filter(one => !hasToken(one))
  )
  if (plain.every(isOpen)) return plain
  const withToken = furthest(template, template.candidates.filter(hasToken))
  if (reachOf(withToken) <= reachOf(plain)) return plain
  const tokenRequired = findTokenRequired(plain)
  return tokenRequired === undefined ? withToken : withToken.map(path => ({ ...path, tokenRequired }))
}

/** Denial of a request without a JWT; as requests with one get further, a JWT is valid there. */
function findTokenRequired(paths: readonly Path[]): TokenRequiredHop | undefined {
  for (const hop of paths.flatMap(path => failedHopOf(path) ?? [])) {
    const { failure } = hop
    if (failure.cause === 'token-never-valid') return { ...hop, failure: { ...failure, cause: 'token-required' } }
  }
  return undefined
}

/** Paths of the candidate that gets furthest; empty without candidates. */
function furthest(template: PathTemplate, candidates: readonly InFlightRequest[]): readonly Path[] {
  let best: readonly Path[] = []
  for (const candidate of candidates) {
    const paths = evaluateCandidate(template, candidate)
    if (best.length === 0 || reachOf(paths) > reachOf(best)) best = paths
    if (paths.every(isOpen)) break
  }
  return best
}

function reachOf(paths: readonly Path[]): number {
  return paths.reduce((sum, path) => sum + path.hops.length + (isOpen(path) ? REACHED_SCORE : unknownScore(path)), 0)
}

/** A path that reaches the model scores higher than any number of hops. */
const REACHED_SCORE = 100

/** A path whose result is not known can get further than one that is blocked at the same hop. */
const unknownScore = ({ unknown }: Path) => (unknown === undefined ? 0 : 0.5)

/** True if no hop is blocked or unknown. */
export function isOpen({ hops }: Pick<Path, 'hops'>): boolean {
  return hops.every(isOk)
}

function evaluateCandidate(template: PathTemplate, candidate: InFlightRequest): readonly Path[] {
  const { caller, from, entry, address, expected = true, follow } = template
  return mergeBranches(follow(candidate)).map(({ activatorMode, revision, hops }) => ({
    caller,
    from,
    entry,
    address,
    expected,
    activatorMode,
    revision,
    ...toKnown(hops)
  }))
}

/**
 * One branch for each activator mode and revision: of several, the first that is blocked, else unknown. A single one if
 * a hop before them is unknown.
 */
function mergeBranches(branches: readonly Branch[]): readonly Branch[] {
  const [first] = branches
  if (first === undefined) return []
  const isUnknown = ({ unknown }: Hop) => unknown !== undefined
  if (first.hops.slice(0, first.shared).some(isUnknown)) {
    const rest = branches.flatMap(({ hops, shared }) => hops.slice(shared))
    return [{ activatorMode: undefined, shared: 0, hops: [...first.hops.slice(0, first.shared), ...rest] }]
  }
  const rank = ({ hops }: Branch) => (failedHopOf({ hops }) !== undefined ? 2 : hops.some(isUnknown) ? 1 : 0)
  const merged = new Map<string, Branch>()
  for (const branch of branches) {
    const key = `${branch.activatorMode} ${branch.revision}`
    const known = merged.get(key)
    if (known === undefined || rank(branch) > rank(known)) merged.set(key, branch)
  }
  return [...merged.values()]
}

/** The hops up to the first that is unknown. What follows is evaluated only to see whether a change concerns it. */
function toKnown(hops: readonly Hop[]): Pick<Path, 'hops' | 'unknown' | 'unevaluated'> {
  const first = hops.findIndex(({ unknown }) => unknown !== undefined)
  const reason = hops[first]?.unknown?.reason
  const unevaluated = hops.flatMap(({ name: hop, unevaluated: some = [] }) => some.map(one => ({ ...one, hop })))
  if (reason === undefined) return { hops, unevaluated }
  const inputs = hops.slice(first).map(({ name, unknown, failure }) => [name, unknown?.inputs, failure?.cause])
  return { hops: hops.slice(0, first + 1), unknown: { reason, inputs: JSON.stringify(inputs) }, unevaluated }
}
