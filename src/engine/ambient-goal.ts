import { acceptsHbone } from '../istio/ambient.ts'
import { INJECT, injection } from '../istio/injection.ts'
import { type InferenceService, MODEL_LABEL } from '../kserve/inference-service.ts'
import type { Manifest, Mode } from '../rules/lib/rule.ts'
import { updatedManifest } from '../rules/lib/updated-manifest.ts'
import { type Ref, toRef } from '../state/resource.ts'
import type { Snapshot } from '../state/snapshot.ts'
import { DATAPLANE_MODE } from '../state/workload.ts'
import { rewrittenPolicies } from './ambient-policies.ts'
import type { Finding } from './finding.ts'
import { nextPod, type Pod, sidecarPods } from './restart.ts'
import type { WantedChange } from './wanted-change.ts'

/** Rules of protection that is lost in ambient mode: they block the goal, unless the configuration sets their mode. */
export const AMBIENT_MODES: Readonly<Record<string, Mode>> = { 'policy-not-enforced-by-ztunnel': 'deny' }

/**
 * Changes that bring the pods of namespaces into ambient mode: policies that ztunnel enforces as sidecars do, the label, and
 * restarts of the pods with sidecars.
 *
 * @param toChange reads a manifest
 */
export function ambientGoal(
  state: Snapshot,
  namespaces: readonly string[],
  toChange: (manifest: Manifest) => WantedChange
): readonly WantedChange[] {
  const policies = rewrittenPolicies(state, namespaces).map(toChange)
  const labeled = namespaces.flatMap(name => {
    const groups = groupsIn(state, name)
    const replacing = [...groups].flatMap(([model, pods]) => (model === undefined ? [] : pods.map(toRef)))
    const label = { ...toChange(ambientNamespace(state, name)), after: policies, replacing }
    return [label, ...restartsOf(groups, name, label)]
  })
  return [...policies, ...labeled]
}

/** `istio-injection: disabled` also overrides a revision label, which `kubectl apply` may keep, and labels of pods. */
function ambientNamespace(state: Snapshot, name: string): Manifest {
  const namespace = state.get('Namespace', '', name)
  const { 'istio.io/rev': _, ...present } = namespace?.labels ?? {}
  const disabled = isInjecting(state, name) ? { 'istio-injection': 'disabled' } : {}
  const labels = { ...present, ...disabled, [DATAPLANE_MODE]: 'ambient' }
  if (namespace !== undefined) return updatedManifest(namespace, { labels })
  const metadata = { name, labels }
  return { apiVersion: 'v1', kind: 'Namespace', metadata }
}

/** True if a next pod of the namespace gets a sidecar, because of the namespace or because a pod or model requests one. */
function isInjecting(state: Snapshot, namespace: string): boolean {
  const subjects = [...state.list('Pod', namespace), ...state.list('InferenceService', namespace)]
  const requested = subjects.some(({ labels, annotations }) => (labels[INJECT] ?? annotations[INJECT]) === 'true')
  return [{}, ...(requested ? [{ [INJECT]: 'true' }] : [])].some(
    labels => injection(state, { namespace, labels, annotations: {}, hostNetwork: false }).injected
  )
}

type Groups = ReadonlyMap<InferenceService | undefined, readonly Pod[]>

/** Pods with sidecars by their model. */
function groupsIn(state: Snapshot, namespace: string): Groups {
  return Map.groupBy(sidecarPods(state, namespace), ({ labels }) =>
    state.get('InferenceService', namespace, labels[MODEL_LABEL] ?? '')
  )
}

/** One restart for the pods of each model, then one for all others: servers come before their callers. */
function restartsOf(groups: Groups, namespace: string, label: WantedChange): readonly WantedChange[] {
  const models = [...groups].flatMap(([model, pods]) => (model === undefined ? [] : toRestart(model, pods, [label])))
  const ref = { apiVersion: 'v1', kind: 'Namespace', namespace: '', name: namespace }
  return [...models, ...toRestart(ref, groups.get(undefined), [label, ...models])]
}

function toRestart(ref: Ref, pods: readonly Pod[] = [], after: readonly WantedChange[] = []): readonly WantedChange[] {
  const [resource] = pods
  if (resource === undefined) return []
  return [{ ref: toRef(ref), resource, object: undefined, deleting: false, restarts: pods.map(toRef), after }]
}

/** Restarts of models that a denial blocks and whose next sidecars accept HBONE: ztunnel sends plaintext to the running ones. */
export function serverRestarts(state: Snapshot, { blocked }: Finding): readonly WantedChange[] {
  const models = new Set(blocked.map(({ inferenceService }) => inferenceService))
  return state
    .list('InferenceService')
    .filter(model => models.has(`${model.namespace}/${model.name}`))
    .flatMap(model => {
      const pods = sidecarPods(state, model.namespace).filter(({ labels }) => labels[MODEL_LABEL] === model.name)
      return toRestart(
        model,
        pods.filter(pod => !acceptsHbone(pod) && acceptsHbone(nextPod(state, pod)))
      )
    })
}
