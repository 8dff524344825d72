import { knativeGateways } from '../knative/knative.ts'
import { CLUSTER_LOCAL, findDomainConfig, publicHost, VISIBILITY } from '../knative/public-host.ts'
import { memoizeInView } from '../state/memoize.ts'
import { toRef } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { renderGoTemplate } from '../text/go-template.ts'
import { isDnsName } from '../text/host.ts'
import {
  type Component,
  type ComponentKinds,
  componentsOf,
  entryOf,
  type InferenceService
} from './inference-service.ts'
import { findKserveConfig, type IngressConfig, ingressOf } from './kserve.ts'
import { ADDITIONAL, BY_PATH, type PublicAddress, STATUS_URL, subdomainOf } from './public-address.ts'
import {
  domainSetting,
  externalGatewaysSetting,
  ingressSetting,
  type PublicationSetting
} from './publication-setting.ts'
/** Where a model is published for external callers. */
export interface Publication {
  /** Controller that publishes the addresses. */
  readonly by: 'VirtualService' | 'Knative' | 'Ingress' | 'HTTPRoute' | undefined
  /** `namespace/name` of the Gateway that they are attached to; absent in Standard mode. */
  readonly gateway: string | undefined
  readonly addresses: readonly PublicAddress[]
  /** Setting by which the model is not published. */
  readonly absent: PublicationSetting | undefined
  /** Configuration that decides the addresses and is not modeled. */
  readonly unknownReason: string | undefined
}

type PublicationView = View<ComponentKinds>

/** External addresses: as configured, and the one of the status. */
export const publicationOf: (view: PublicationView, service: InferenceService) => Publication = memoizeInView(
  (view, service) => {
    const entry = entryOf(componentsOf(view, service))
    if (entry === undefined) return NONE
    if (ingressOf(view).rejected !== undefined && findKserveConfig(view)?.data['ingress'] !== undefined)
      return { ...NONE, unknownReason: 'KServe rejects its configuration and keeps what it published before' }
    const configured =
      entry.mode === 'Knative' ? knativePublication(view, service, entry) : standardPublication(view, service)
    return withStatus(view, service, configured)
  }
)

const NONE: Publication = {
  by: undefined,
  gateway: undefined,
  addresses: [],
  absent: undefined,
  unknownReason: undefined
}

/** Adds the host of the status, or uses it if the configuration does not tell the host. */
function withStatus(view: PublicationView, { status }: InferenceService, configured: Publication): Publication {
  const url = status?.url ?? ''
  const host = URL.canParse(url) ? new URL(url).hostname : ''
  const { addresses, absent } = configured
  const isExternal = host !== '' && !host.endsWith(`.svc.${view.settings.clusterDomain}`)
  if (absent !== undefined || !isExternal || addresses.some(one => one.host === host)) return configured
  const main = addresses.find(one => one.isConfigured)
  const own = { name: 'address', host, path: '', domain: '', isConfigured: false }
  if (main === undefined) return { ...configured, addresses: [own], unknownReason: undefined }
  const subdomain = subdomainOf(main)
  const domain = subdomain !== '' && host.startsWith(subdomain) ? host.slice(subdomain.length) : main.domain
  return { ...configured, addresses: [...addresses, { ...own, name: STATUS_URL, domain }] }
}

/**
 * Addresses of a Knative Service. With a top-level VirtualService, KServe derives the host from the one of the component.
 * @see kserve 0.20 pkg/controller/v1beta1/inferenceservice/reconcilers/ingress/ingress_reconciler.go (createIngress)
 */
function knativePublication(view: PublicationView, service: InferenceService, component: Component): Publication {
  const { config } = ingressOf(view)
  const hasTopLevel = !config.disableIstioVirtualHost
  const gateway = hasTopLevel ? config.ingressGateway : knativeGateways(view).external[0]?.gateway
  const base: Publication = { ...NONE, by: hasTopLevel ? 'VirtualService' : 'Knative', gateway }
  const labels = { ...component.labels, 'serving.knative.dev/service': component.service }
  const place = service.labels[VISIBILITY] === CLUSTER_LOCAL ? 'metadata' : `spec.${component.name}`
  const isLocal = [service, component].some(one => one.labels[VISIBILITY] === CLUSTER_LOCAL)
  if (isLocal) return { ...base, absent: visibilitySetting(service, `${place}.labels[${VISIBILITY}]`) }
  if (gateway === undefined) return { ...base, absent: externalGatewaysSetting(view) }
  const published = publicHost(view, component.service, service.namespace, labels)
  if (published === undefined) return { ...base, absent: domainSetting(view, 'config-domain sets no external domain') }
  if ('unknownReason' in published) return { ...base, ...published }
  const { domain } = published
  const isConfigured = findDomainConfig(view) !== undefined
  const host = hasTopLevel ? withoutComponent(published.host, component) : published.host
  const main: PublicAddress = { name: 'address', host, path: '', domain, isConfigured }
  return { ...base, addresses: hasTopLevel ? withFurther(service, config, main) : [main] }
}

/** @see kserve 0.20 (getServiceHost) */
function withoutComponent(host: string, { name }: Component): string {
  return host.replace(host.includes('-default') ? `-${name}-default` : `-${name}`, '')
}

const KSERVE_VISIBILITY = 'networking.kserve.io/visibility'

/**
 * Addresses in Standard mode. Only HTTPRoutes have further domains and paths.
 * @see kserve 0.20 pkg/controller/v1beta1/inferenceservice/reconcilers/ingress (kube_ingress_reconciler.go,
 * httproute_reconciler.go, domain.go)
 */
function standardPublication(view: PublicationView, service: InferenceService): Publication {
  const { config } = ingressOf(view)
  const { ingressDomain: domain, enableGatewayApi, disableIngressCreation } = config
  const base: Publication = { ...NONE, by: enableGatewayApi ? 'HTTPRoute' : 'Ingress' }
  if (service.labels[KSERVE_VISIBILITY] === CLUSTER_LOCAL)
    return { ...base, absent: visibilitySetting(service, `metadata.labels[${KSERVE_VISIBILITY}]`) }
  if (domain === `svc.${view.settings.clusterDomain}`)
    return { ...base, absent: ingressSetting(view, `ingressDomain is ${domain}`) }
  if (disableIngressCreation) return { ...base, absent: ingressSetting(view, 'disableIngressCreation is true') }
  const host = standardHost(view, service, service.name)
  if (host === undefined) return { ...base, unknownReason: 'domainTemplate of KServe is not modeled or names no host' }
  const isConfigured = findKserveConfig(view) !== undefined
  const main: PublicAddress = { name: 'address', host, path: '', domain, isConfigured }
  return { ...base, addresses: enableGatewayApi ? withFurther(service, config, main) : [main] }
}

/**
 * Host of a Service in Standard mode; absent if the template is not modeled or renders no host.
 * @see kserve 0.20 pkg/controller/v1beta1/inferenceservice/reconcilers/ingress/domain.go (GenerateDomainName)
 */
export function standardHost(
  view: View<'ConfigMap'>,
  { namespace, labels, annotations }: InferenceService,
  name: string
): string | undefined {
  const { ingressDomain, domainTemplate } = ingressOf(view).config
  const fields = { Name: name, Namespace: namespace, IngressDomain: ingressDomain }
  const host = renderGoTemplate(domainTemplate, { fields, maps: { Labels: labels, Annotations: annotations } })
  return host !== undefined && isDnsName(host) ? host : undefined
}

/**
 * Adds the addresses by `additionalIngressDomains` and `pathTemplate`.
 * @see kserve 0.20 (GetAdditionalHosts, GenerateUrlPath)
 */
function withFurther(service: InferenceService, config: IngressConfig, main: PublicAddress): readonly PublicAddress[] {
  const subdomain = subdomainOf(main)
  const further = [...new Set(config.additionalIngressDomains)].flatMap((domain): readonly PublicAddress[] => {
    const host = `${subdomain}${domain}`
    if (subdomain === '' || host === main.host || !isDnsName(host)) return []
    return [{ ...main, name: `${ADDITIONAL} ${domain}`, host, domain }]
  })
  const byPath = pathOf(service, config).map(one => ({ ...main, ...one, name: BY_PATH, domain: one.host }))
  return [main, ...further, ...byPath]
}

/** Host and path of a model by `pathTemplate`, if it is set. */
export function pathOf(
  { name, namespace }: InferenceService,
  { pathTemplate, ingressDomain }: IngressConfig
): readonly { readonly host: string; readonly path: string }[] {
  const path = renderGoTemplate(pathTemplate, { fields: { Name: name, Namespace: namespace } }) ?? ''
  return path === '' ? [] : [{ host: ingressDomain, path: path.replace(/\/$/, '') }]
}

function visibilitySetting(service: InferenceService, field: string): PublicationSetting {
  return { object: toRef(service), field, reason: `its visibility is ${CLUSTER_LOCAL}` }
}
