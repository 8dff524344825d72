import { actionOf, isEnforced } from '../istio/authorization.ts'
import type { Rule } from '../istio/authorization-policy.ts'
import { meshOf } from '../istio/mesh.ts'
import { attaches } from '../istio/policy-target.ts'
import { inferencePath } from '../kserve/inference-request.ts'
import { nameOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { isManagedRoute } from './lib/managed-route.ts'
import { defineCheck } from './lib/rule.ts'

/** Paths of the inference protocols. */
const INFERENCE = /^\/v[12]\//
/** Methods of a model in its paths. */
const METHOD = /(:predict|\/infer)$/

export default defineCheck({
  id: 'policy-path-never-requested',
  category: 'ineffective',
  mode: 'warn',
  summary: 'A policy at a gateway is for inference paths that no model has',
  symptom: 'requests without a JWT get 200 although a policy at the gateway denies them',
  on: ['AuthorizationPolicy'],
  reads: ['InferenceService', 'VirtualService', 'Pod', 'ConfigMap'],
  *check(policy, view) {
    const action = actionOf(policy)
    // An ALLOW rule that never matches denies requests, which the paths show.
    if ((action !== 'DENY' && action !== 'CUSTOM') || !isEnforced(policy)) return
    const unused = policy.spec.rules.flatMap((rule, i) => (rule !== null && isForInference(rule) ? [{ rule, i }] : []))
    if (unused.length === 0 || !isAtGateway(view, policy)) return
    const paths = view.list('InferenceService').map(inferencePath)
    const known = paths.filter(path => path !== undefined)
    const [example] = known
    if (example === undefined || known.length < paths.length || hasOtherRoutes(view)) return
    for (const { rule, i } of unused) {
      const patterns = pathsOf(rule).flat()
      if (patterns.some(pattern => known.some(path => mayMatch(pattern, path.replace(METHOD, ''))))) continue
      yield {
        field: `spec.rules[${i}].to`,
        message: `${nameOf(policy)} never applies to ${patterns[0]}: no model has such a path`,
        fix: { text: `Use the paths of models, such as ${example}` }
      }
    }
  }
})

/** Paths of each operation. */
const pathsOf = ({ to }: Rule) => to.map(({ operation }) => operation?.paths ?? [])

/** True if the rule matches only on paths of inference protocols. */
function isForInference(rule: Rule): boolean {
  const lists = pathsOf(rule)
  return lists.length > 0 && lists.every(list => list.length > 0 && list.every(path => INFERENCE.test(path)))
}

function isAtGateway(view: View<'Pod' | 'ConfigMap'>, policy: Parameters<typeof attaches>[0]): boolean {
  return view
    .gateways()
    .some(pod => [pod.namespace, meshOf(view, pod).rootNamespace].includes(policy.namespace) && attaches(policy, pod))
}

/** True if a gateway can have routes to servers that are no InferenceServices. */
function hasOtherRoutes(view: View<'VirtualService' | 'InferenceService'>): boolean {
  return view.list('VirtualService').some(route => {
    // KServe manages the VirtualService with the name of the model.
    const isOfModel = isManagedRoute(route) || view.get('InferenceService', route.namespace, route.name) !== undefined
    return !isOfModel && route.spec.gateways.some(one => one !== 'mesh')
  })
}

/** True unless the pattern certainly matches no path below the path of a model. */
function mayMatch(pattern: string, model: string): boolean {
  const start = pattern.endsWith('*') ? pattern.slice(0, -1) : pattern
  if (start.includes('{') || start.startsWith(model)) return true
  return pattern.endsWith('*') && model.startsWith(start)
}
