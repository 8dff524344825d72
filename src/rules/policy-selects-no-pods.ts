import { requiresToken } from '../istio/authorization.ts'
import { meshOf } from '../istio/mesh.ts'
import { componentsOf } from '../kserve/inference-service.ts'
import { desiredPod } from '../kserve/next-pod.ts'
import { podsWith } from '../kubernetes/service.ts'
import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { hasLabels } from '../text/selector.ts'
import { MODEL_KINDS } from './lib/model-pods.ts'
import { defineCheck } from './lib/rule.ts'
import { updatedManifest } from './lib/updated-manifest.ts'

/** Labels that KServe and Knative set on pods: a selector with one of them targets a model. */
const MODEL_LABELS = /^(serving\.knative\.dev|serving\.kserve\.io)\//
/** Suffix of Knative Service names in older KServe versions. */
const LEGACY_SUFFIX = /(-(predictor|transformer|explainer))?(-default)?$/

export default defineCheck({
  id: 'policy-selects-no-pods',
  category: 'exposure',
  mode: 'warn',
  summary: 'A policy targets a model by labels that none of its pods has',
  symptom: '200 instead of 403 or 401: the policy has no effect on the model',
  on: ['AuthorizationPolicy', 'RequestAuthentication', 'PeerAuthentication'],
  reads: MODEL_KINDS,
  *check(policy, view) {
    const labels = policy.spec.selector?.matchLabels ?? {}
    const [key, value] = Object.entries(labels).find(([one]) => MODEL_LABELS.test(one)) ?? []
    if (key === undefined || value === undefined) return
    const services = modelsInScope(view, policy)
    const namespaces = new Set([policy.namespace, ...services.map(({ namespace }) => namespace)])
    if ([...namespaces].some(one => podsWith(view, one, labels).length > 0)) return
    const next = services.flatMap(service => componentsOf(view, service).map(one => desiredPod(view, service, one)))
    if (next.some(pod => hasLabels(pod.labels, labels))) return
    const modelName = value.replace(LEGACY_SUFFIX, '')
    const models = services
      .filter(({ name }) => name === modelName)
      .map(({ namespace, name }) => `${namespace}/${name}`)
    const [pod] = next.filter(({ labels: own }) => own['serving.kserve.io/inferenceservice'] === modelName)
    const expected = pod?.labels[key]
    yield {
      field: `spec.selector.matchLabels[${key}]`,
      message: `No pod in ${policy.namespace} has the label ${key}: ${value}, so the policy has no effect`,
      fix:
        expected === undefined
          ? { text: `Select labels that the pods have, or create the model ${modelName} in ${policy.namespace}` }
          : {
              text: `Select ${key}: ${expected}`,
              apply: [
                updatedManifest(policy, {
                  spec: { ...policy.spec, selector: { matchLabels: { ...labels, [key]: expected } } }
                })
              ]
            },
      exposes: concernsJwt(policy) ? 'jwt-not-enforced' : 'policy-not-enforced',
      models
    }
  }
})

type Policy = ResourceOf<'AuthorizationPolicy' | 'RequestAuthentication' | 'PeerAuthentication'>

/** A policy of the root namespace applies to all namespaces; a PeerAuthentication with a selector does not. */
function modelsInScope(view: View<'InferenceService' | 'ConfigMap'>, { kind, namespace }: Policy) {
  const isForAll = kind !== 'PeerAuthentication' && namespace === meshOf(view).rootNamespace
  return view.list('InferenceService', isForAll ? undefined : namespace)
}

function concernsJwt(policy: Policy): boolean {
  return policy.kind === 'RequestAuthentication' || (policy.kind === 'AuthorizationPolicy' && requiresToken(policy))
}
