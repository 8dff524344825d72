import { TUNNEL } from '../istio/ambient.ts'
import { INJECT, injection } from '../istio/injection.ts'
import { meshOf } from '../istio/mesh.ts'
import { nameOf, type Ref, type ResourceOf } from '../state/resource.ts'
import type { Snapshot } from '../state/snapshot.ts'
import { isRunning, TLS_MODE_LABEL, toWorkload } from '../state/workload.ts'
import { admit, type StepContext, type StepResult } from './admission-step.ts'
import type { AdmissionDecision } from './decide.ts'
import { isUnchanged } from './exempt.ts'

export type Pod = ResourceOf<'Pod'>

const SEVERITY: readonly AdmissionDecision[] = ['allow', 'warn', 'deny']

/**
 * Decides the restart of pods one after the other, each with its next pod in the state that the ones before it left.
 *
 * @returns the strictest decision, with the state after all if none is denied; absent if no pod changes
 */
export function restart(
  state: Snapshot,
  pods: readonly Ref[],
  context: Omit<StepContext, 'deleting'>
): StepResult | undefined {
  let next = state
  let strictest: StepResult | undefined
  for (const { namespace, name } of pods) {
    const pod = state.get('Pod', namespace, name) as Pod
    const restarted = { resource: nextPod(next, pod), object: undefined, oldObject: undefined }
    const step = admit(next, restarted, { ...context, deleting: false }) as StepResult
    if (isUnchanged(step.change, () => true)) continue
    if (severityOf(step) > severityOf(strictest)) strictest = step
    if (step.decision.decision === 'deny') return { ...step, next: state }
    next = step.next
  }
  return strictest && { ...strictest, next }
}

const severityOf = (step: StepResult | undefined) =>
  step === undefined ? -1 : SEVERITY.indexOf(step.decision.decision)

/** Running pods of a namespace with a sidecar. */
export function sidecarPods(state: Snapshot, namespace: string): readonly Pod[] {
  return state.list('Pod', namespace).filter(pod => isRunning(pod) && hasSidecar(pod))
}

/** True if a pod has a sidecar, and its next pod has it too: from its template, or from an injector. */
export function keepsSidecar(state: Snapshot, pod: Pod): boolean {
  return hasSidecar(pod) && hasSidecar(nextPod(state, pod))
}

const hasSidecar = (pod: Pod) => toWorkload(pod).proxy === 'sidecar'

const PROXY = 'istio-proxy'
/** @see istio 1.31 manifests/charts/istio-control/istio-discovery/files/injection-template.yaml */
const INJECTED_ANNOTATIONS = ['sidecar.istio.io/status', 'istio.io/rev']

/** The pod that replaces an injected one at a restart: without its sidecar, or with what the injector adds now. */
export function nextPod(state: Snapshot, pod: Pod): Pod {
  const { namespace, labels, annotations, spec } = pod
  // The sidecar is part of the template.
  if ((labels[INJECT] ?? annotations[INJECT]) === 'false') return pod
  const next = injection(state, { namespace, labels, annotations, hostNetwork: spec.hostNetwork === true })
  if (next.injected) {
    const acceptsHbone = meshOf(state, { revision: next.revision }).enablesHbone
    return acceptsHbone ? { ...pod, labels: { ...labels, [TUNNEL]: 'http' } } : pod
  }
  const { [TLS_MODE_LABEL]: _, [TUNNEL]: __, ...own } = labels
  return {
    ...pod,
    labels: own,
    annotations: Object.fromEntries(Object.entries(annotations).filter(([key]) => !INJECTED_ANNOTATIONS.includes(key))),
    spec: { ...spec, ...withoutProxy(spec) }
  }
}

/** Keeps what the proxy shows of the application: on which ports it serves TLS. */
function withoutProxy({ containers, initContainers }: Pod['spec']): Pick<Pod['spec'], 'containers' | 'initContainers'> {
  const shown = [...containers, ...initContainers].flatMap(one => (one.name === PROXY ? one.servesTls : []))
  const own = containers.filter(({ name }) => name !== PROXY)
  return {
    containers: own.map((one, i) => (i === 0 ? { ...one, servesTls: [...one.servesTls, ...shown] } : one)),
    initContainers: initContainers.filter(({ name }) => name !== PROXY)
  }
}

/** The state without these pods. */
export function withoutPods(state: Snapshot, pods: readonly Ref[]): Snapshot {
  const names = new Set(pods.map(nameOf))
  return state.withAll(
    'Pod',
    state.list('Pod').filter(pod => !names.has(nameOf(pod)))
  )
}
