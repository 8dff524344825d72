import { z } from 'zod'
import { KSERVE_CONFIG } from '../state/discovery.ts'
import { memoize } from '../state/memoize.ts'
import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { parseGoObject } from '../text/go-json.ts'

export interface IngressConfig {
  /** `namespace/name` of the Gateway for external callers. */
  readonly ingressGateway: string
  /** `namespace/name` of the Gateway for callers in the cluster. */
  readonly localGateway: string
  /** Service host that `<name>.<namespace>` resolves to for callers without a sidecar. */
  readonly localGatewayService: string
  /** Service host that the top-level VirtualService routes to. */
  readonly knativeLocalGatewayService: string
  /** Domain of models in Standard mode, and host of URLs by `pathTemplate`. */
  readonly ingressDomain: string
  /** Further domains under which models are published. */
  readonly additionalIngressDomains: readonly string[]
  /** Go template of the host of models in Standard mode. */
  readonly domainTemplate: string
  /** Go template of a URL path on `ingressDomain`; empty: models have none. */
  readonly pathTemplate: string
  /** True: no top-level VirtualService; models are called by their component host. */
  readonly disableIstioVirtualHost: boolean
  readonly enableGatewayApi: boolean
  /** `namespace/name` of the Gateway API Gateway for models in Standard mode; used if `enableGatewayApi` is true. */
  readonly kserveIngressGateway: string
  /** True: models in Standard mode have no external path. */
  readonly disableIngressCreation: boolean
  /** Ingress class of models in Standard mode. */
  readonly ingressClassName: string
}

export interface IngressVerdict {
  /** Effective values; of a rejected configuration, its readable values and defaults. */
  readonly config: IngressConfig
  /** Reason why KServe rejects the configuration and reconciles no InferenceService; absent if it is valid. */
  readonly rejected: string | undefined
}

const text = z.string().nullish()
const flag = z.boolean().nullish()

/** Keys are in lower case, because Go matches them case-insensitively. */
const ingressSchema = z.object({
  ingressgateway: text,
  localgateway: text,
  localgatewayservice: text,
  knativelocalgatewayservice: text,
  kserveingressgateway: text,
  ingressdomain: text,
  ingressclassname: text,
  domaintemplate: text,
  urlscheme: text,
  pathtemplate: text,
  additionalingressdomains: z.array(z.string()).nullish(),
  enablegatewayapi: flag,
  disableistiovirtualhost: flag,
  disableingresscreation: flag,
  disablehttproutetimeout: flag,
  enablellminferenceservicetls: flag
})

/** Values of KServe's manifests, used if a state has no configuration. */
const DEFAULT_INGRESS_CONFIG: IngressConfig = {
  ingressGateway: 'knative-serving/knative-ingress-gateway',
  localGateway: 'knative-serving/knative-local-gateway',
  localGatewayService: 'knative-local-gateway.istio-system.svc.cluster.local',
  knativeLocalGatewayService: 'knative-local-gateway.istio-system.svc.cluster.local',
  ingressDomain: 'example.com',
  additionalIngressDomains: [],
  domainTemplate: '{{ .Name }}-{{ .Namespace }}.{{ .IngressDomain }}',
  pathTemplate: '',
  ingressClassName: 'istio',
  disableIstioVirtualHost: false,
  enableGatewayApi: false,
  kserveIngressGateway: 'kserve/kserve-ingress-gateway',
  disableIngressCreation: false
}

/** KServe's ConfigMap; absent if KServe is not installed. */
export function findKserveConfig(view: View<'ConfigMap'>): ResourceOf<'ConfigMap'> | undefined {
  return view.get('ConfigMap', view.settings.kserveNamespace, KSERVE_CONFIG)
}

/** @see kserve 0.20 pkg/apis/serving/v1beta1/configmap.go (NewIngressConfig) */
export const ingressOf = memoize((view: View<'ConfigMap'>): IngressVerdict => {
  const map = findKserveConfig(view)
  return map === undefined ? { config: DEFAULT_INGRESS_CONFIG, rejected: undefined } : readIngress(map)
})

const readIngress = memoize(({ data }: ResourceOf<'ConfigMap'>): IngressVerdict => {
  const value = data['ingress']
  // KServe accepts this, but then writes VirtualServices with empty Gateway names, which Istio rejects.
  if (value === undefined) return { config: DEFAULT_INGRESS_CONFIG, rejected: 'key ingress is missing' }
  const json = parseGoObject(value)
  if (json === undefined) return { config: DEFAULT_INGRESS_CONFIG, rejected: 'value is not a JSON object' }
  const { data: read, error } = ingressSchema.safeParse(json)
  if (read === undefined) {
    const [issue] = error.issues
    return { config: DEFAULT_INGRESS_CONFIG, rejected: `${issue?.path.join('.')}: ${issue?.message}` }
  }
  return { config: toIngress(read), rejected: rejectionReason(read) }
})

type ReadIngress = z.output<typeof ingressSchema>

function rejectionReason(read: ReadIngress): string | undefined {
  if (read.enablegatewayapi && !isGatewayName(read.kserveingressgateway ?? '')) {
    return 'kserveIngressGateway must be <namespace>/<name> while enableGatewayApi is true'
  }
  if (!read.ingressgateway) return 'ingressGateway is required'
  return read.pathtemplate && !read.ingressdomain ? 'pathTemplate requires ingressDomain' : undefined
}

function toIngress(read: ReadIngress): IngressConfig {
  const localGatewayService = read.localgatewayservice ?? ''
  return {
    ingressGateway: read.ingressgateway || DEFAULT_INGRESS_CONFIG.ingressGateway,
    localGateway: read.localgateway ?? '',
    localGatewayService,
    knativeLocalGatewayService: read.knativelocalgatewayservice || localGatewayService,
    ingressDomain: read.ingressdomain || DEFAULT_INGRESS_CONFIG.ingressDomain,
    additionalIngressDomains: read.additionalingressdomains ?? [],
    domainTemplate: read.domaintemplate || DEFAULT_INGRESS_CONFIG.domainTemplate,
    pathTemplate: read.pathtemplate ?? '',
    ingressClassName: read.ingressclassname ?? 'istio',
    disableIstioVirtualHost: read.disableistiovirtualhost ?? false,
    enableGatewayApi: read.enablegatewayapi ?? false,
    kserveIngressGateway: read.kserveingressgateway ?? '',
    disableIngressCreation: read.disableingresscreation ?? false
  }
}

function isGatewayName(name: string): boolean {
  return /^[a-z0-9]([-a-z0-9]*[a-z0-9])?\/[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name)
}
