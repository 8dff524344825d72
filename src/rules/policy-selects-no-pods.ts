import { asksForToken } from '../model/authorization.ts'
import { componentsOf, desiredPod } from '../model/inference-service.ts'
import type { ResourceOf } from '../model/resource.ts'
import { hasLabels } from '../model/selector.ts'
import { podsWith } from '../model/service.ts'
import { MODEL_KINDS } from './lib/model-pods.ts'
import { defineCheck } from './lib/rule.ts'
import { updatedManifest } from './lib/updated-manifest.ts'

/** Labels that KServe and Knative give to pods: a selector with one of them means a model. */
const MODEL_LABELS = /^(serving\.knative\.dev|serving\.kserve\.io)\//
/** Knative Services were called so once. */
const LEGACY_SUFFIX = /(-(predictor|transformer|explainer))?(-default)?$/

export default defineCheck({
  id: 'policy-selects-no-pods',
  severity: 'opens',
  mode: 'warn',
  summary: 'A policy means a model by labels that none of its pods has',
  on: ['AuthorizationPolicy', 'RequestAuthentication', 'PeerAuthentication'],
  reads: MODEL_KINDS,
  *check(policy, view) {
    const labels = policy.spec.selector?.matchLabels ?? {}
    const [key, value] = Object.entries(labels).find(([one]) => MODEL_LABELS.test(one)) ?? []
    if (key === undefined || value === undefined || podsWith(view, policy.namespace, labels).length > 0) return
    const services = view.list('InferenceService', policy.namespace)
    const next = services.flatMap(service => componentsOf(view, service).map(one => desiredPod(view, service, one)))
    if (next.some(pod => hasLabels(pod.labels, labels))) return
    const meant = value.replace(LEGACY_SUFFIX, '')
    const models = services.filter(({ name }) => name === meant).map(({ namespace, name }) => `${namespace}/${name}`)
    const [instead] = next.filter(pod => pod.labels['serving.kserve.io/inferenceservice'] === meant)
    const right = instead?.labels[key]
    yield {
      field: `spec.selector.matchLabels[${key}]`,
      message: `No pod in ${policy.namespace} is labelled ${key}: ${value}, so the policy protects nothing`,
      fix:
        right === undefined
          ? { text: `Select pods by labels that they have, or create the model ${meant} in ${policy.namespace}` }
          : {
              text: `Select ${key}: ${right}`,
              apply: [
                updatedManifest(policy, {
                  spec: { ...policy.spec, selector: { matchLabels: { ...labels, [key]: right } } }
                })
              ]
            },
      opens: isAboutTokens(policy) ? 'jwt-not-enforced' : 'policy-not-enforced',
      models
    }
  }
})

type Policy = ResourceOf<'AuthorizationPolicy' | 'RequestAuthentication' | 'PeerAuthentication'>

function isAboutTokens(policy: Policy): boolean {
  return policy.kind === 'RequestAuthentication' || (policy.kind === 'AuthorizationPolicy' && asksForToken(policy))
}
