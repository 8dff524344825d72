import { actionOf, isEnforced, matchesPolicy } from '../istio/authorization.ts'
import type { AuthorizationPolicy } from '../istio/authorization-policy.ts'
import { resolvePort } from '../istio/gateway-servers.ts'
import { meshOf } from '../istio/mesh.ts'
import { attaches } from '../istio/policy-target.ts'
import { knativeGateways } from '../knative/knative.ts'
import { publicHost } from '../knative/public-host.ts'
import { inferencePath } from '../kserve/inference-request.ts'
import { type Component, componentsOf, entryOf, type InferenceService } from '../kserve/inference-service.ts'
import { ingressOf } from '../kserve/kserve.ts'
import { type Endpoint, HTTP_PORT, targetsOf } from '../kubernetes/service.ts'
import { podsOfGateway, toDestination } from '../request/service-resolution.ts'
import { nameOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { serviceHost } from '../text/host.ts'
import { defineCheck, type Manifest } from './lib/rule.ts'
import { updatedManifest } from './lib/updated-manifest.ts'

/** Path of net-istio's readiness probes. */
const PROBE_PATH = '/healthz'

export default defineCheck({
  id: 'ext-authz-on-internal-requests',
  category: 'latent-outage',
  mode: 'warn',
  summary: 'A CUSTOM policy at a gateway applies to Knative probes and in-cluster callers',
  symptom: 'in-cluster callers and Knative probes get 302 to a login page, or 403 `ext_authz_denied`',
  on: ['AuthorizationPolicy'],
  reads: ['InferenceService', 'ConfigMap', 'ServingRuntime', 'ClusterServingRuntime', 'Gateway', 'Service', 'Pod'],
  *check(policy, view) {
    const provider = policy.spec.provider?.name ?? ''
    if (actionOf(policy) !== 'CUSTOM' || !isEnforced(policy) || !meshOf(view).authorizers.includes(provider)) return
    const probed = attachedTo(view, policy, probedEndpoints(view))
    const local = attachedTo(view, policy, localEndpoints(view))
    if (probed.length + local.length === 0) return
    for (const service of view.list('InferenceService')) {
      const component = entryOf(componentsOf(view, service))
      if (component?.mode !== 'Knative') continue
      const onProbes = probed.some(at => applies(view, policy, probeTo(view, service, component), at))
      const onCallers = local.some(at => applies(view, policy, callTo(view, service, component), at))
      if (!onProbes && !onCallers) continue
      const what = [...(onProbes ? ['Knative probes'] : []), ...(onCallers ? ['in-cluster requests'] : [])]
      yield {
        field: 'spec.rules',
        message: `${nameOf(policy)} applies to ${what.join(' and ')}: "${provider}" can deny them`,
        fix: {
          text: `Exempt ${what.join(' and ')} in each rule`,
          apply: [exempting(policy, onProbes, onCallers ? view.settings.clusterDomain : undefined)]
        }
      }
      return
    }
  }
})

type PolicyRequest = Parameters<typeof matchesPolicy>[1]
type Content = Pick<PolicyRequest, 'host' | 'path' | 'method'>

function applies(
  view: View<'ConfigMap'>,
  policy: AuthorizationPolicy,
  content: Content | undefined,
  { workload, port }: Endpoint
): boolean {
  const { trustDomain, trustDomainAliases } = meshOf(view, workload)
  if (content === undefined) return false
  const request: PolicyRequest = {
    ...content,
    token: undefined,
    headers: {},
    headersComplete: false,
    identity: undefined,
    from: undefined,
    to: { address: workload.address, port },
    sni: undefined,
    http: true
  }
  return matchesPolicy(policy, request, [trustDomain, ...trustDomainAliases]) === true
}

/** @see net-istio 1.22 pkg/reconciler/ingress/lister.go */
function probeTo(
  view: View<'ConfigMap'>,
  { namespace }: InferenceService,
  { service, labels }: Component
): Content | undefined {
  const published = publicHost(view, service, namespace, labels)
  return published === undefined || !('host' in published)
    ? undefined
    : { host: published.host, path: PROBE_PATH, method: 'GET' }
}

function callTo({ settings }: View<'ConfigMap'>, service: InferenceService, component: Component): Content {
  const host = serviceHost(service.namespace, component.service, settings.clusterDomain)
  return { host, path: inferencePath(service), method: 'POST' }
}

/** Listeners of Knative's external gateways, which net-istio probes. */
function probedEndpoints(view: View<'ConfigMap' | 'Gateway' | 'Service' | 'Pod'>): readonly Endpoint[] {
  return knativeGateways(view).external.flatMap(({ gateway }) => {
    const [namespace = '', name = ''] = gateway.split('/')
    const found = view.get('Gateway', namespace, name)
    if (found === undefined) return []
    return podsOfGateway(view, found).flatMap(workload =>
      found.spec.servers.map(({ port }) => ({ workload, port: resolvePort(targetsOf(view, workload), port.number) }))
    )
  })
}

/** Gateway pods that in-cluster requests pass. */
function localEndpoints(view: View<'ConfigMap' | 'Service' | 'Pod' | 'EndpointSlice'>): readonly Endpoint[] {
  const { disableIstioVirtualHost, knativeLocalGatewayService } = ingressOf(view).config
  return disableIstioVirtualHost ? [] : toDestination(view, knativeLocalGatewayService, HTTP_PORT).endpoints
}

function attachedTo(
  view: View<'ConfigMap'>,
  policy: AuthorizationPolicy,
  endpoints: readonly Endpoint[]
): readonly Endpoint[] {
  return endpoints.filter(
    ({ workload }) =>
      [workload.namespace, meshOf(view, workload).rootNamespace].includes(policy.namespace) &&
      attaches(policy, workload)
  )
}

function exempting(policy: AuthorizationPolicy, probes: boolean, clusterDomain: string | undefined): Manifest {
  const hosts = clusterDomain === undefined ? [] : [`*.svc.${clusterDomain}`]
  const rules = policy.spec.rules.map(rule => {
    if (rule === null) return rule
    const to = rule.to.length === 0 ? [{ operation: undefined }] : rule.to
    return {
      ...rule,
      to: to.map(({ operation }) => ({
        operation: {
          ...operation,
          notHosts: [...(operation?.notHosts ?? []), ...hosts],
          notPaths: [...(operation?.notPaths ?? []), ...(probes ? [PROBE_PATH] : [])]
        }
      }))
    }
  })
  return updatedManifest(policy, { spec: { ...policy.spec, rules } })
}
