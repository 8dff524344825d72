import type { View } from '../state/snapshot.ts'
import { isRunning } from '../state/workload.ts'

/** Settings by which istiod treats pods in ambient mode in another way than by default, which is not modeled. */
const OF_AMBIENT: Readonly<Record<string, boolean>> = {
  AMBIENT_ENABLE_DRY_RUN_AUTHORIZATION_POLICY: false,
  AMBIENT_ENABLE_MULTI_NETWORK: false,
  PILOT_ENABLE_SENDING_HBONE: true,
  PILOT_PREFER_SENDING_HBONE: false
}

/** Those that concern only pods behind waypoints. */
const OF_WAYPOINTS: Readonly<Record<string, boolean>> = {
  ENABLE_INGRESS_WAYPOINT_ROUTING: true,
  ENABLE_LAYERED_WAYPOINT_AUTHORIZATION_POLICIES: false,
  PILOT_AUTO_ALLOW_WAYPOINT_POLICY: false
}

/**
 * Environment variable of a running istiod that is not modeled for pods in ambient mode; absent if all have their defaults.
 * @see istio 1.31 pilot/pkg/features/ambient.go
 */
export function unmodeledSetting(view: View<'Pod'>, hasWaypoint: boolean): string | undefined {
  const defaults = hasWaypoint ? { ...OF_AMBIENT, ...OF_WAYPOINTS } : OF_AMBIENT
  const [{ namespace }] = view.settings.installations.istio
  const pods = view.list('Pod', namespace).filter(one => isRunning(one) && one.labels['app'] === 'istiod')
  return pods
    .flatMap(({ spec }) => spec.containers.flatMap(({ flags }) => flags))
    .find(({ name, isOn }) => Object.hasOwn(defaults, name) && defaults[name] !== isOn)?.name
}
