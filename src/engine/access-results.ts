import type { InferenceService } from '../kserve/inference-service.ts'
import type { Failure } from '../request/failure.ts'
import type { SourcePath } from '../request/paths-from.ts'
import { failedHopOf } from '../request/request-path.ts'
import type { CallerWorkload } from '../request/running-callers.ts'
import type { ExplainedFailure } from './explain.ts'

/** Path of a workload to an address, in one activator mode and to one revision. */
export interface AccessPath {
  readonly path: SourcePath
  readonly failure: ExplainedFailure | undefined
  /** Message of the failure for workloads of several namespaces; absent: that of the failure itself. */
  readonly message?: string | undefined
  /** Peers that the server of the last hop sees; none if the connection fails. */
  readonly peers: readonly string[]
}

/** At least one. */
export type Workloads = readonly [CallerWorkload, ...CallerWorkload[]]
type AddressPaths = readonly [AccessPath, ...AccessPath[]]

/** Equal results of calls to one address. */
export interface WorkloadCalls {
  readonly workloads: Workloads
  /** Paths of the first workload. */
  readonly paths: AddressPaths
}

/** Evaluates one workload of each group, and merges groups with equal results. */
export function mergeResults(
  groups: readonly Workloads[],
  pathsOf: (caller: CallerWorkload) => readonly AccessPath[],
  service: InferenceService
): readonly WorkloadCalls[] {
  const results = new Map<
    string,
    { readonly workloads: [CallerWorkload, ...CallerWorkload[]]; readonly paths: AddressPaths }
  >()
  for (const [first, ...others] of groups) {
    for (const paths of byAddress(pathsOf(first))) {
      const key = resultKey(paths, first.namespace === service.namespace)
      const known = results.get(key)
      if (known === undefined) results.set(key, { workloads: [first, ...others], paths })
      else known.workloads.push(first, ...others)
    }
  }
  return [...results.values()].sort(byEntry)
}

function byEntry({ paths: [a] }: WorkloadCalls, { paths: [b] }: WorkloadCalls): number {
  return a.path.entry < b.path.entry ? -1 : Number(a.path.entry > b.path.entry)
}

function byAddress(paths: readonly AccessPath[]): Iterable<AddressPaths> {
  const addresses = new Map<string, [AccessPath, ...AccessPath[]]>()
  for (const one of paths) {
    const known = addresses.get(one.path.entry)
    if (known === undefined) addresses.set(one.path.entry, [one])
    else known.push(one)
  }
  return addresses.values()
}

/** Equal for results that differ only in what names the caller. */
function resultKey(paths: AddressPaths, isInNamespace: boolean): string {
  const texts = paths.map(({ path, failure, peers }) => {
    const { entry, host, expected, activatorMode, revision, hops, unknown, unevaluated = [], tokenRequired } = path
    const place = [entry, host, expected, activatorMode, revision]
    const cause = failure && [failure.rule, failure.problem?.object, failure.problem?.field, failure.skip]
    const caveats = unevaluated.map(({ reason }) => reason)
    const names = hops.map(({ name }) => name)
    return [place, names, cause, unknown?.reason, caveats, tokenRequired?.name, peers]
  })
  // Messages about callers of the model's own namespace differ from those about others.
  const isNamed = isInNamespace && paths.some(({ failure }) => failure !== undefined)
  return JSON.stringify([isNamed, texts])
}

/** For workloads of several namespaces: adds messages that do not name the namespace of the first. */
export function withGeneralMessages(
  { workloads, paths: [path, ...others] }: WorkloadCalls,
  explain: (failure: Failure) => ExplainedFailure | undefined
): WorkloadCalls {
  const [{ namespace, pod }] = workloads
  const withMessage = (one: AccessPath): AccessPath => {
    const failure = failedHopOf(one.path)?.failure
    if (failure === undefined || !('client' in failure) || failure.client !== pod) return one
    const general = explain({ ...failure, client: { ...pod, namespace: '' } })
    return { ...one, message: general?.problem?.message }
  }
  const isGeneral = workloads.some(one => one.namespace !== namespace)
  return isGeneral
    ? { workloads, paths: [withMessage(path), ...others.map(withMessage)] }
    : { workloads, paths: [path, ...others] }
}
