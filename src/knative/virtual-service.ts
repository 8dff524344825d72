import { MESH, type VirtualService } from '../istio/virtual-service.ts'
import { HTTP_PORT } from '../kubernetes/service.ts'
import type { HttpRoute } from '../state/kinds/virtual-service.ts'
import type { View } from '../state/snapshot.ts'
import { serviceHost } from '../text/host.ts'
import type { Labels } from '../text/selector.ts'
import { knativeGateways } from './knative.ts'
import { publicHost } from './public-host.ts'

/** Knative Service; its labels select its domain. */
export interface KnativeService {
  readonly namespace: string
  readonly name: string
  readonly labels: Labels
  readonly created: string | undefined
}

/** Revision that a Knative Service sends requests to, with its share in percent. */
export interface TrafficTarget {
  readonly revision: string
  readonly percent: number
}

/**
 * VirtualServices that net-istio creates for a Knative Service: one for the gateways, one for sidecars.
 *
 * @see net-istio 1.22 pkg/reconciler/ingress/resources/virtual_service.go (MakeVirtualServices)
 */
export function knativeVirtualServices(
  view: View<'ConfigMap'>,
  { namespace, name, labels, created }: KnativeService,
  traffic: readonly TrafficTarget[]
): readonly VirtualService[] {
  const { clusterDomain } = view.settings
  const gateways = knativeGateways(view)
  const [external, local] = [gateways.external, gateways.local].map(some => some.map(one => one.gateway).sort())
  const published = publicHost(view, name, namespace, labels)
  const publicHosts = published === undefined || 'unknownReason' in published ? [] : [published.host]
  const short = `${name}.${namespace}`
  const localHosts = [short, `${short}.svc`, serviceHost(namespace, name, clusterDomain)]
  const toRoute = (prefix: string, boundTo: readonly string[]): HttpRoute => ({
    match: [{ authority: { prefix }, gateways: [...boundTo] }],
    route: traffic.map(({ revision, percent }) => ({
      destination: { host: serviceHost(namespace, revision, clusterDomain), port: { number: HTTP_PORT } },
      headers: {
        request: { set: { 'Knative-Serving-Namespace': namespace, 'Knative-Serving-Revision': revision } }
      },
      weight: percent
    }))
  })
  const atGateways = publicHosts.length > 0 ? [...(external ?? []), ...(local ?? [])] : [...(local ?? [])]
  const routes = [toRoute(short, local ?? []), ...publicHosts.map(host => toRoute(host, external ?? []))]
  const meta = { ...toMeta(namespace, name), created }
  return [
    {
      ...meta,
      name: `${name}-ingress`,
      spec: { hosts: [...localHosts, ...publicHosts].sort(), gateways: atGateways.sort(), http: routes }
    },
    { ...meta, name: `${name}-mesh`, spec: { hosts: localHosts, gateways: [MESH], http: [toRoute(short, [MESH])] } }
  ]
}

function toMeta(namespace: string, name: string) {
  return {
    apiVersion: 'networking.istio.io/v1beta1',
    kind: 'VirtualService',
    namespace,
    labels: { 'networking.internal.knative.dev/ingress': name },
    annotations: {},
    deleting: false,
    owner: { apiVersion: 'networking.internal.knative.dev/v1alpha1', kind: 'Ingress', name }
  } as const
}
