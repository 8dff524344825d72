import { MESH, type VirtualService } from '../istio/virtual-service.ts'
import { HTTP_PORT } from '../kubernetes/service.ts'
import type { HttpRoute } from '../state/kinds/virtual-service.ts'
import type { View } from '../state/snapshot.ts'
import { serviceHost } from '../text/host.ts'
import type { Labels } from '../text/selector.ts'
import { type KnativeGateway, knativeGateways } from './knative.ts'
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
  const external = namesOf(gateways.external)
  const local = namesOf(gateways.local)
  const published = publicHost(view, name, namespace, labels)
  const publicHosts = published === undefined || 'unknownReason' in published ? [] : [published.host]
  const short = `${name}.${namespace}`
  const fullName = serviceHost(namespace, name, clusterDomain)
  const localHosts = [short, `${short}.svc`, fullName]
  const toRoute = (prefix: string, boundTo: readonly string[]): HttpRoute => ({
    retries: {},
    match: [{ authority: { prefix }, gateways: [...boundTo] }],
    route: traffic.map(({ revision, percent }) => ({
      destination: { host: serviceHost(namespace, revision, clusterDomain), port: { number: HTTP_PORT } },
      headers: {
        request: { set: { 'Knative-Serving-Namespace': namespace, 'Knative-Serving-Revision': revision } }
      },
      weight: percent
    }))
  })
  const atGateways = [...new Set([...local, ...publicHosts.flatMap(() => external)])].sort()
  const routes = [toRoute(short, local), ...publicHosts.map(host => toRoute(host, external))]
  const meta = { ...toMeta(namespace, name), created }
  const ingress: VirtualService = {
    ...meta,
    name: `${name}-ingress`,
    spec: { hosts: [...localHosts, ...publicHosts].sort(), gateways: atGateways, http: routes }
  }
  // Names without a gateway are resolved only by sidecars, by the full name.
  const meshHosts = local.length > 0 ? localHosts : [fullName]
  const mesh = {
    ...meta,
    name: `${name}-mesh`,
    spec: { hosts: meshHosts, gateways: [MESH], http: [toRoute(short, [MESH])] }
  }
  return atGateways.length > 0 ? [mesh, ingress] : [mesh]
}

const namesOf = (gateways: readonly KnativeGateway[]) => gateways.map(({ gateway }) => gateway).sort()

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
