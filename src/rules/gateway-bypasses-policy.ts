import { authorize, needsIdentity, policiesFor } from '../istio/authorization.ts'
import type { AuthorizationPolicy } from '../istio/authorization-policy.ts'
import { meshOf } from '../istio/mesh.ts'
import { namedSources } from '../istio/named-sources.ts'
import type { Call } from '../istio/request.ts'
import { callTo } from '../kserve/inference-request.ts'
import { componentsOf, entryOf, QUEUE_PORT } from '../kserve/inference-service.ts'
import { ingressOf } from '../kserve/kserve.ts'
import { HTTP_PORT } from '../kubernetes/service.ts'
import type { PathKinds } from '../request/caller.ts'
import { ANY_MESH_CLIENT } from '../request/callers.ts'
import { pathsOf } from '../request/inference-service-paths.ts'
import { podsToEvaluate } from '../request/model-templates.ts'
import { isOpen, type Path } from '../request/request-path.ts'
import { toDestination } from '../request/service-resolution.ts'
import { nameOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { identityOf, type Workload } from '../state/workload.ts'
import { serviceHost } from '../text/host.ts'
import { GATEWAY_PATH_KINDS } from './lib/model-pods.ts'
import { defineCheck } from './lib/rule.ts'

export default defineCheck({
  id: 'gateway-bypasses-policy',
  category: 'exposure',
  mode: 'warn',
  summary: 'Requests via the local gateway bypass an AuthorizationPolicy on the model',
  symptom: 'callers of namespaces that an AuthorizationPolicy denies get 200 by the InferenceService URL',
  on: ['InferenceService'],
  reads: GATEWAY_PATH_KINDS,
  *check(service, view) {
    const component = entryOf(componentsOf(view, service))
    if (component?.mode !== 'Knative') return
    const pods = podsToEvaluate(view, service, component, 'current')
    const policy = pods
      .flatMap(pod => policiesFor(view, pod))
      .find(one => needsIdentity(one) && namesCallers(view, one))
    if (policy === undefined) return
    const { namespace, name } = service
    const host = serviceHost(namespace, component.service, view.settings.clusterDomain)
    const call = callTo(view, service, host, undefined)
    const gateways = toDestination(view, ingressOf(view).config.knativeLocalGatewayService, HTTP_PORT).endpoints
    const isBypassed = pods.some(
      pod =>
        pod.proxy === 'sidecar' &&
        !isAllowed(view, pod, call, ANY_MESH_CLIENT) &&
        gateways.some(({ workload }) => isAllowed(view, pod, call, workload))
    )
    if (!isBypassed || !pathsOf(view, service).some(isOpenViaGateway)) return
    yield {
      field: `spec.${component.name}`,
      message: `${nameOf(policy)} is bypassed: denied callers reach ${namespace}/${name} via the local gateway`,
      fix: {
        text: 'Require a JWT, or give the local gateway pods and a service account of its own that the policy does not allow'
      },
      exposes: 'cross-namespace-via-gateway'
    }
  }
})

/** True if the policy selects callers, not only the gateways and Knative's pods that forward requests. */
function namesCallers({ settings }: View<'ConfigMap'>, policy: AuthorizationPolicy): boolean {
  const { istioNamespace, knativeNamespace } = settings
  return namedSources(policy).some(({ namespace }) => ![istioNamespace, knativeNamespace].includes(namespace))
}

/** True if the policies of a pod allow requests without a JWT from this client. */
function isAllowed(view: View<PathKinds>, server: Workload, call: Call, client: Workload): boolean {
  const identity = identityOf(client, meshOf(view).trustDomain)
  const to = { address: server.address, port: QUEUE_PORT }
  return (
    authorize(view, server, { ...call, identity, from: undefined, to, sni: undefined, http: true }).is === 'allowed'
  )
}

/** True for the path of any mesh caller by the InferenceService URL, past the activator. */
function isOpenViaGateway(path: Path): boolean {
  return (
    path.caller === 'in-mesh' &&
    path.from === undefined &&
    path.hops.some(({ name }) => name === 'gateway->pod') &&
    isOpen(path)
  )
}
