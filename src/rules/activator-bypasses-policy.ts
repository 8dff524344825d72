import { authorize, needsIdentity, policiesFor, requiresToken } from '../istio/authorization.ts'
import { meshOf } from '../istio/mesh.ts'
import type { Call, Request } from '../istio/request.ts'
import { systemPods } from '../knative/knative.ts'
import { callTo } from '../kserve/inference-request.ts'
import {
  type Component,
  componentsOf,
  entryOf,
  type InferenceService,
  QUEUE_PORT
} from '../kserve/inference-service.ts'
import { activatorModesOf } from '../request/activator.ts'
import type { PathKinds } from '../request/caller.ts'
import { ANY_MESH_CLIENT } from '../request/callers.ts'
import { podsToEvaluate } from '../request/model-templates.ts'
import { viaActivator } from '../request/pod-dial.ts'
import { revisionDestination } from '../request/revision.ts'
import { nameOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { identityOf, type Workload } from '../state/workload.ts'
import { serviceHost } from '../text/host.ts'
import { denyAtActivator, NAMESPACE_HEADER, requireTokenAtActivator } from './lib/activator-fixes.ts'
import { CONNECTION_KINDS } from './lib/model-pods.ts'
import { defineCheck } from './lib/rule.ts'

export default defineCheck({
  id: 'activator-bypasses-policy',
  category: 'exposure',
  mode: 'warn',
  summary: 'Requests via the activator bypass an AuthorizationPolicy on the model',
  symptom: '200 instead of 403 for callers that an AuthorizationPolicy on the model should deny',
  on: ['InferenceService'],
  reads: CONNECTION_KINDS,
  *check(service, view) {
    const component = entryOf(componentsOf(view, service))
    if (component?.mode !== 'Knative') return
    const pods = podsToEvaluate(view, service, component, 'current')
    const policies = [...new Set(pods.flatMap(pod => policiesFor(view, pod)))]
    const jwtPolicy = policies.find(requiresToken)
    const policy = jwtPolicy ?? policies.find(needsIdentity)
    if (policy === undefined || !isBypassed(view, service, component, pods)) return
    yield {
      field: `spec.${component.name}`,
      message: `${nameOf(policy)} is bypassed: denied callers reach ${service.namespace}/${service.name} via activator`,
      fix:
        jwtPolicy === undefined
          ? denyAtActivator(view, service, policy)
          : requireTokenAtActivator(view, service, pods, policy),
      exposes: jwtPolicy === undefined ? 'cross-namespace-via-activator' : 'jwt-bypass-via-activator'
    }
  }
})

/** True if the pods deny an arbitrary mesh identity, and both activator and pods allow it via the activator. */
function isBypassed(
  view: View<PathKinds>,
  service: InferenceService,
  component: Component,
  pods: readonly Workload[]
): boolean {
  const revision = revisionDestination(view, service, component, pods)
  if (!activatorModesOf(view, component, revision).includes('proxy')) return false
  const host = serviceHost(service.namespace, component.service, view.settings.clusterDomain)
  const call = callTo(view, service, host, undefined)
  const isAllowed = (server: Workload) =>
    authorize(view, server, toRequest(view, call, service, server)).is === 'allowed'
  const { failure, unknown } = viaActivator(view, revision, call)
  return (
    failure === undefined &&
    unknown === undefined &&
    pods.some(pod => pod.proxy === 'sidecar' && !isAllowed(pod)) &&
    systemPods(view, 'activator').every(activator => activator.proxy === 'none' || isAllowed(activator))
  )
}

function toRequest(view: View<PathKinds>, call: Call, { namespace }: InferenceService, { address }: Workload): Request {
  return {
    ...call,
    headers: { [NAMESPACE_HEADER.toLowerCase()]: namespace },
    identity: identityOf(ANY_MESH_CLIENT, meshOf(view).trustDomain),
    from: undefined,
    to: { address, port: QUEUE_PORT },
    sni: undefined,
    http: true
  }
}
