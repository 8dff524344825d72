import { acceptsHbone } from '../istio/ambient.ts'
import { getOrAdd } from '../state/map.ts'
import { memoize } from '../state/memoize.ts'
import type { CallerNamespaces } from './caller.ts'
import type { Failure } from './failure.ts'
import type { FailedHop } from './hop.ts'
import { failedHopOf, isOpen, type Path } from './request-path.ts'
import type { SidecarLoss } from './sidecar-loss.ts'

/** Path that callers with a sidecar can use, and the hop that denies them without it. */
export interface LostPath {
  readonly path: Path
  readonly hop: FailedHop
}

/**
 * Compares the paths of callers in one namespace with those of callers without a sidecar. Only by InferenceService URL:
 * calls of pods without a sidecar to the predictor host are not evaluated.
 *
 * @param paths all paths to one model
 */
export function findLostPath(paths: readonly Path[], { namespace, ambient }: SidecarLoss): LostPath | undefined {
  const { denied, open } = callsIn(paths)
  if (denied.length === 0) return undefined
  const own = [...open.keys()].find(from => from?.includes(namespace.name))
  for (const { hop, activatorMode } of denied) {
    if (ambient && isReachedByTunnel(hop.failure)) continue
    const path = open.get(own)?.find(one => activatorMode === undefined || one.activatorMode === activatorMode)
    if (path !== undefined) return { path, hop }
  }
  return undefined
}

interface Calls {
  /** Of callers without a sidecar. */
  readonly denied: readonly { readonly hop: FailedHop; readonly activatorMode: Path['activatorMode'] }[]
  /** Open paths by caller class; `undefined` is the class of namespaces without configuration of their own. */
  readonly open: ReadonlyMap<CallerNamespaces | undefined, readonly Path[]>
}

const callsIn = memoize((paths: readonly Path[]): Calls => {
  const calls = paths.filter(({ entry }) => entry === 'address')
  const open = new Map<CallerNamespaces | undefined, Path[]>()
  for (const path of calls) {
    if (path.caller !== 'in-mesh') continue
    const ofClass = getOrAdd(open, path.from, (): Path[] => [])
    if (isOpen(path)) ofClass.push(path)
  }
  const denied = calls.flatMap(path => {
    const hop = path.caller === 'non-mesh' ? failedHopOf(path) : undefined
    return hop === undefined ? [] : [{ hop, activatorMode: path.activatorMode }]
  })
  return { denied, open }
})

/** True if ztunnel sends HBONE to the server that denies plaintext. */
function isReachedByTunnel(failure: Failure): boolean {
  if (!('server' in failure)) return false
  const { server } = failure
  // Of servers without a sidecar, only ztunnel enforces policies.
  if (!('at' in server)) return server.proxy === 'none' || acceptsHbone(server)
  return server.at === 'ztunnel' || (server.at === 'sidecar' && acceptsHbone(server.workload))
}
