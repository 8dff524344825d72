import { meshOf } from '../istio/mesh.ts'
import { gatewaysOf, MESH } from '../istio/virtual-service.ts'
import { deploymentMode } from '../kserve/deployment-mode.ts'
import { predictedObjects } from '../request/predicted-objects.ts'
import { type Ref, toRef } from '../state/resource.ts'
import type { Snapshot } from '../state/snapshot.ts'
import { DATAPLANE_MODE, isRunning, toWorkload } from '../state/workload.ts'
import { unenforcedStrict } from './ambient-policies.ts'
import { CONTROLLERS } from './exempt.ts'
import type { PlanStep } from './plan.ts'
import { keepsSidecar, type Pod } from './restart.ts'

/** What a plan cannot confirm, and why. */
export interface Unconfirmed {
  /** Absent for paths that are not evaluated. */
  readonly object: Ref | undefined
  readonly field: string | undefined
  readonly reason: string
}

/** Rules for what its upstream does not support: paths are evaluated, but the result is not promised. */
const UNSUPPORTED = ['knative-model-in-ambient-mode']

/** What the decisions of steps leave open. */
export function unconfirmedSteps(steps: readonly PlanStep[]): readonly Unconfirmed[] {
  const decisions = steps.map(({ decision }) => decision)
  const unsupported = decisions
    .flatMap(({ findings }) => findings)
    .filter(({ rule }) => UNSUPPORTED.includes(rule))
    .map(({ rule, object, field, message }) => ({ object, field, reason: `${rule}: ${message}` }))
  const skipped = decisions
    .flatMap(({ notEvaluated }) => notEvaluated)
    .map(({ reason }) => ({ object: undefined, field: undefined, reason: `not evaluated: ${reason}` }))
  return [...unsupported, ...skipped]
}

/**
 * What the model does not evaluate of ambient mode, by the objects of its namespaces.
 *
 * @param state after the labels have changed
 */
export function unconfirmedInAmbient(state: Snapshot, namespaces: readonly string[]): readonly Unconfirmed[] {
  return [
    ...installation(state),
    ...namespaces.flatMap(namespace => [
      ...state
        .list('Pod', namespace)
        .filter(isRunning)
        .flatMap(pod => unconfirmedPod(state, pod)),
      ...[...unenforcedStrict(state, namespace)].map(([policy, port]) => ({
        object: toRef(policy),
        field: 'spec',
        reason: `sidecars enforce STRICT on port ${port}, ztunnel does not: plaintext is accepted there`
      })),
      ...state.list('NetworkPolicy', namespace).map(policy => ({
        object: toRef(policy),
        field: 'spec',
        reason: 'kubelet probes come from 169.254.7.127 in ambient mode: whether it allows them is not evaluated'
      })),
      ...ignoredTraffic(state, namespace)
    ])
  ]
}

/** Without ambient mode in the cluster, pods without sidecars are not in the mesh. */
function installation(state: Snapshot): readonly Unconfirmed[] {
  const isInstalled = state.list('Pod').some(({ labels }) => labels['app'] === 'ztunnel')
  const missing = (reason: string) => ({ object: undefined, field: undefined, reason })
  return [
    ...(isInstalled ? [] : [missing('the state has no ztunnel pods: install ambient mode before the first step')]),
    ...(meshOf(state).enablesHbone
      ? []
      : [
          missing(
            'ISTIO_META_ENABLE_HBONE is not set: sidecars accept no HBONE, so that pods in ambient mode send them plaintext'
          )
        ])
  ]
}

function unconfirmedPod(state: Snapshot, pod: Pod): readonly Unconfirmed[] {
  const { proxy } = toWorkload(pod)
  const optsOut = pod.labels[DATAPLANE_MODE] === 'none'
  const toEntry = (field: string, reason: string) => [{ object: toRef(pod), field, reason }]
  if (proxy === 'gateway')
    return optsOut
      ? []
      : toEntry('metadata.labels', `calls of a gateway in ambient mode are not evaluated: label it ${NONE}`)
  if (optsOut)
    return toEntry('metadata.labels', `${NONE} keeps it out of ambient mode: after a restart it has no proxy`)
  return keepsSidecar(state, pod)
    ? toEntry(
        'spec.containers',
        'a restart keeps its sidecar, which is part of its template or added by another injector'
      )
    : []
}

const NONE = `${DATAPLANE_MODE}: none`

/** Objects that configure sidecars of clients, except those that controllers create for models: their paths are evaluated. */
function ignoredTraffic(state: Snapshot, namespace: string): readonly Unconfirmed[] {
  const rules = state.list('DestinationRule', namespace)
  const models = state.list('InferenceService', namespace).filter(one => deploymentMode(state, one) === 'Knative')
  const created = new Set(models.flatMap(one => predictedObjects(state, one).virtualServices.map(({ name }) => name)))
  const routes = state
    .list('VirtualService', namespace)
    .filter(one => gatewaysOf(one).has(MESH) && !created.has(one.name))
  return [...rules, ...routes]
    .filter(({ owner }) => !CONTROLLERS.some(group => owner?.apiVersion.startsWith(`${group}/`)))
    .map(one => ({
      object: toRef(one),
      field: 'spec',
      reason: `ztunnel reads no ${one.kind}s: clients in ambient mode send requests without it`
    }))
}
