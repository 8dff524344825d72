import type { AuthorizationPolicy } from '../istio/authorization-policy.ts'
import { meshOf } from '../istio/mesh.ts'
import { modeForPort, type PeerAuthentication, peerMtls } from '../istio/peer-authentication.ts'
import { isEnforcedByZtunnel } from '../istio/ztunnel-authorization.ts'
import { strictAt } from '../istio/ztunnel-mtls.ts'
import { modelPods } from '../rules/lib/model-pods.ts'
import type { Manifest } from '../rules/lib/rule.ts'
import { updatedManifest } from '../rules/lib/updated-manifest.ts'
import type { Snapshot } from '../state/snapshot.ts'
import { isRunning, toWorkload, type Workload } from '../state/workload.ts'
import { isEmpty } from '../text/selector.ts'

/**
 * Policies that sidecars and ztunnel enforce differently, rewritten so that both enforce what sidecars do now: without an empty
 * selector, and with PERMISSIVE for ports that are DISABLE.
 */
export function rewrittenPolicies(state: Snapshot, namespaces: readonly string[]): readonly Manifest[] {
  const exempted = namespaces.flatMap(name => strictnessIn(state, name)).flatMap(one => one.exemptedBy ?? [])
  const own = [...new Set([meshOf(state).rootNamespace, ...namespaces])]
  const peers = own
    .flatMap(name => state.list('PeerAuthentication', name))
    .filter(one => hasEmptySelector(one) || exempted.includes(one))
    .map(one => updatedManifest(one, { spec: withoutDisable(hasEmptySelector(one) ? withoutSelector(one) : one.spec) }))
  const policies = own
    .flatMap(name => state.list('AuthorizationPolicy', name))
    .filter(one => isEnforcedByZtunnel(one) && hasEmptySelector(one))
    .map(one => updatedManifest(one, { spec: withoutSelector(one) }))
  return [...peers, ...policies]
}

/** PeerAuthentications whose STRICT the ztunnel of a pod does not enforce, with a port. */
export function unenforcedStrict(state: Snapshot, namespace: string): ReadonlyMap<PeerAuthentication, number> {
  return new Map(
    strictnessIn(state, namespace).flatMap(({ lostBy, port }) => (lostBy ? [[lostBy, port] as const] : []))
  )
}

/** Difference between the sidecar and the ztunnel of a pod at a port. */
interface Difference {
  readonly port: number
  /** DISABLE at the sidecar, STRICT at ztunnel. */
  readonly exemptedBy?: PeerAuthentication | undefined
  /** STRICT at the sidecar only. */
  readonly lostBy?: PeerAuthentication | undefined
}

function strictnessIn(state: Snapshot, namespace: string): readonly Difference[] {
  const running = state.list('Pod', namespace).filter(isRunning).map(toWorkload)
  const next = modelPods(state, namespace).map(({ pod }) => pod)
  return [...new Set([...running, ...next])].flatMap(pod =>
    portsOf(state, pod).map(port => {
      const { mode, by } = modeForPort(peerMtls(state, pod), port)
      const isStrict = strictAt(state, pod, port) !== undefined
      if (mode === 'STRICT') return { port, lostBy: isStrict ? undefined : by }
      return { port, exemptedBy: mode === 'DISABLE' && isStrict ? by : undefined }
    })
  )
}

/** Ports of a pod, and those that a policy names. */
function portsOf(state: Snapshot, { namespace, ports }: Workload): readonly number[] {
  const named = state.list('PeerAuthentication', namespace).flatMap(({ spec }) => Object.keys(spec.portLevelMtls))
  return [...new Set([...ports.map(({ containerPort }) => containerPort), ...named.map(Number)])]
}

type Selecting = PeerAuthentication | AuthorizationPolicy

const hasEmptySelector = ({ spec: { selector } }: Selecting) => selector !== undefined && isEmpty(selector.matchLabels)

function withoutSelector<S extends Selecting['spec']>({ spec }: { readonly spec: S }): S {
  return { ...spec, selector: undefined }
}

function withoutDisable(spec: PeerAuthentication['spec']): PeerAuthentication['spec'] {
  const ports = Object.entries(spec.portLevelMtls).map(([port, mtls]) =>
    mtls?.mode === 'DISABLE' ? ([port, { mode: 'PERMISSIVE' }] as const) : ([port, mtls] as const)
  )
  return { ...spec, portLevelMtls: Object.fromEntries(ports) }
}
