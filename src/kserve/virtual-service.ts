import { MESH, type VirtualService } from '../istio/virtual-service.ts'
import type { HttpMatch, HttpRoute } from '../state/kinds/virtual-service.ts'
import type { View } from '../state/snapshot.ts'
import { serviceHost } from '../text/host.ts'
import { type ComponentKinds, componentsOf, entryOf, type InferenceService } from './inference-service.ts'
import { type IngressConfig, ingressOf } from './kserve.ts'
import { BY_PATH, STATUS_URL } from './public-address.ts'
import { pathOf, publicationOf } from './publication.ts'

const CONFIG_PORT = 80

/**
 * Top-level VirtualService that KServe creates for a model on Knative: it sends the InferenceService URL to Knative's
 * local gateway, with the host of the component.
 * @see kserve 0.20 pkg/controller/v1beta1/inferenceservice/reconcilers/ingress/ingress_reconciler.go (createIngress)
 */
export function topLevelVirtualService(
  view: View<ComponentKinds>,
  service: InferenceService
): VirtualService | undefined {
  const { config } = ingressOf(view)
  const { namespace, name } = service
  const components = componentsOf(view, service)
  const entry = entryOf(components)
  if (entry?.mode !== 'Knative' || config.disableIstioVirtualHost) return undefined
  const { clusterDomain } = view.settings
  const hostOf = (one: string) => serviceHost(namespace, one, clusterDomain)
  const addresses = publicationOf(view, service).addresses.filter(
    one => one.name !== STATUS_URL && one.name !== BY_PATH
  )
  const external = addresses.map(({ host }) => host)
  const byPath = pathOf(service, config)
  const explainer = components.find(one => one.name === 'explainer')
  const headers = (backend: string) => ({
    request: { set: { Host: hostOf(backend), 'KServe-Isvc-Name': name, 'KServe-Isvc-Namespace': namespace } }
  })
  const toBackend = (backend: string, match: HttpMatch[]): HttpRoute => ({
    match,
    route: [{ destination: { host: config.knativeLocalGatewayService, port: { number: CONFIG_PORT } }, weight: 100 }],
    headers: headers(backend)
  })
  const byHost = (uri?: HttpMatch['uri']) => hostMatches(config, hostOf(name), external, uri)
  return {
    apiVersion: 'networking.istio.io/v1beta1',
    kind: 'VirtualService',
    namespace,
    name,
    labels: service.labels,
    annotations: {},
    // About the time of the model, which decides between VirtualServices for one host.
    created: service.created,
    deleting: false,
    owner: { apiVersion: 'serving.kserve.io/v1beta1', kind: 'InferenceService', name },
    spec: {
      hosts: [
        ...new Set([hostOf(name), ...external.slice(0, 1), ...byPath.map(({ host }) => host), ...external.slice(1)])
      ],
      gateways: [config.localGateway, MESH, ...(external.length > 0 ? [config.ingressGateway] : [])],
      http: [
        ...(explainer === undefined ? [] : [toBackend(explainer.service, byHost({ regex: EXPLAIN_PATH }))]),
        toBackend(entry.service, byHost()),
        ...byPath.flatMap(({ host, path }) => [
          ...(explainer === undefined ? [] : [explainByPath(config, host, path, toBackend, explainer.service)]),
          { ...toBackend(entry.service, pathMatches(config, host, path)), rewrite: { uri: '/' } }
        ])
      ]
    }
  }
}

/** @see kserve 0.20 pkg/constants/constants.go (ExplainPrefix) */
const EXPLAIN_PATH = '^/v1/models/[\\w-]+:explain$'

/** @see kserve 0.20 (createHTTPMatchRequest) */
function hostMatches(
  { localGateway, ingressGateway }: IngressConfig,
  internal: string,
  external: readonly string[],
  uri: HttpMatch['uri']
): HttpMatch[] {
  const ofPath = uri === undefined ? {} : { uri }
  return [
    { ...ofPath, authority: { regex: hostRegex(internal) }, gateways: [localGateway, MESH] },
    ...external.map(host => ({ ...ofPath, authority: { regex: hostRegex(host) }, gateways: [ingressGateway] }))
  ]
}

function pathMatches({ ingressGateway }: IngressConfig, host: string, path: string): HttpMatch[] {
  const authority = { regex: hostRegex(host) }
  return [{ prefix: `${path}/` }, { exact: path }].map(uri => ({ uri, authority, gateways: [ingressGateway] }))
}

/** @see kserve 0.20 pkg/constants/constants.go (PathBasedExplainPrefix) */
function explainByPath(
  { ingressGateway }: IngressConfig,
  host: string,
  path: string,
  toBackend: (backend: string, match: HttpMatch[]) => HttpRoute,
  explainer: string
): HttpRoute {
  const regex = `${path}(/v1/models/[\\w-]+:explain)$`
  const match = { uri: { regex }, authority: { regex: hostRegex(host) }, gateways: [ingressGateway] }
  return { ...toBackend(explainer, [match]), rewrite: { uriRegexRewrite: { match: regex, rewrite: '\\1' } } }
}

/**
 * Host with any port, or without. Short forms of cluster hosts do not match: KServe looks for a suffix that no host has.
 * @see kserve 0.20 pkg/constants/constants.go (HostRegExp)
 */
function hostRegex(host: string): string {
  return `^${host.replaceAll('.', '\\.')}(?::\\d{1,5})?$`
}
