import { bindingOf, type WaypointKinds } from '../gateway-api/waypoint.ts'
import { isAmbient } from '../istio/ambient.ts'
import { unmodeledSetting } from '../istio/istiod-settings.ts'
import { findMeshConfig } from '../istio/mesh.ts'
import type { Component } from '../kserve/inference-service.ts'
import { findKserveConfig } from '../kserve/kserve.ts'
import { versionOf } from '../kubernetes/version.ts'
import { KSERVE_CONFIG, meshConfigMap } from '../state/discovery.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'

/**
 * Control plane of a model, or its configuration, that is not found. Nothing can be said about the paths of the model then,
 * because defaults take effect only in a known installation. Absent: all are found.
 */
export function unknownInstallation(
  view: View<'ConfigMap' | WaypointKinds>,
  component: Component,
  pods: readonly Workload[]
): string | undefined {
  const { kserveNamespace, installations } = view.settings
  const { istio, knative } = installations
  if (findKserveConfig(view) === undefined)
    return `KServe is not found: no ConfigMap ${kserveNamespace}/${KSERVE_CONFIG}`
  if (component.mode === 'Knative' && knative.source === undefined)
    return 'Knative Serving is not found: no webhook configuration and no ConfigMap of it'
  if (istio[0].source === undefined)
    return 'Istio is not found: no injection webhook and no ConfigMap with a mesh configuration'
  const isInAmbient = pods.some(pod => isAmbient(view, pod))
  const version = versionOf(view, istio[0].namespace, { app: 'istiod' })
  if (version !== undefined && isBelow(version, OLDEST))
    return `Istio ${version}: versions below ${OLDEST.join('.')} are not modeled`
  if (version !== undefined && isBelow(version, OLDEST_AMBIENT) && isInAmbient)
    return `Istio ${version}: ambient mode of versions below ${OLDEST_AMBIENT.join('.')} is not modeled`
  const setting = isInAmbient ? unmodeledSetting(view, hasWaypoint(view, component, pods)) : undefined
  if (setting !== undefined) return `setting ${setting} of istiod is not modeled`
  const unread = pods.find(pod => isNotRead(view, pod))
  return (
    unread?.revision && `Istio revision ${unread.revision}: ConfigMap ${meshConfigMap(unread.revision)} is not read`
  )
}

/** True if labels of the Service or of pods name a waypoint, whether it handles requests or not. */
function hasWaypoint(view: View<WaypointKinds>, { service }: Component, pods: readonly Workload[]): boolean {
  return pods.some(({ namespace, labels }) => {
    const ofService = view.get('Service', namespace, service)?.labels ?? {}
    return [labels, ofService].some(one => bindingOf(view, { namespace, labels: one }, 'service') !== undefined)
  })
}

/** Oldest version of Istio whose behavior is modeled. */
const OLDEST = [1, 21] as const
/** Oldest version whose ztunnel gets port exceptions of PeerAuthentications as modeled. */
const OLDEST_AMBIENT = [1, 24] as const

function isBelow(version: string, oldest: readonly [number, number]): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major < oldest[0] || (major === oldest[0] && minor < oldest[1])
}

/** True for the pod of another than the default revision whose mesh configuration is not found. */
function isNotRead(view: View<'ConfigMap'>, { revision, proxy }: Workload): boolean {
  const [main] = view.settings.installations.istio
  if (proxy === 'none' || revision === undefined || revision === main.revision) return false
  return (
    !view.settings.installations.istio.some(one => one.revision === revision) ||
    findMeshConfig(view, { revision }) === undefined
  )
}
