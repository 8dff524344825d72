import { z } from 'zod'
import { memoize } from '../state/memoize.ts'
import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { parseGoObject } from '../text/go-json.ts'

/** The ConfigMap that KServe reads, in its own namespace. */
export const KSERVE_CONFIG = 'inferenceservice-config'

export interface IngressConfig {
  /** `namespace/name` of the Gateway for callers from outside. */
  readonly ingressGateway: string
  /** `namespace/name` of the Gateway for callers in the cluster. */
  readonly localGateway: string
  /** Where `<name>.<namespace>` leads callers without a sidecar. */
  readonly localGatewayService: string
  /** Where the top-level VirtualService sends each request. */
  readonly knativeLocalGatewayService: string
  readonly ingressDomain: string
  /** True: there is no top-level VirtualService; models are called at their component's own host. */
  readonly disableIstioVirtualHost: boolean
  readonly enableGatewayApi: boolean
  /** `namespace/name` of the Gateway (of the Gateway API) that serves models in Standard mode, while that is on. */
  readonly kserveIngressGateway: string
  /** True: nothing leads from outside to models in Standard mode. */
  readonly disableIngressCreation: boolean
  /** Who serves the Ingress of a model in Standard mode. */
  readonly ingressClassName: string
}

export interface IngressVerdict {
  /** Of a refused value, what could be read of it. */
  readonly config: IngressConfig
  /** Why KServe refuses the value: it then reconciles no InferenceService any more. */
  readonly refused: string | undefined
}

const text = z.string().nullish()
const flag = z.boolean().nullish()

/** Keys in lower case: Go finds them whatever their case. */
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

/** What KServe's manifests ship; used where a state has no configuration at all. */
const DEFAULT_INGRESS_CONFIG: IngressConfig = {
  ingressGateway: 'knative-serving/knative-ingress-gateway',
  localGateway: 'knative-serving/knative-local-gateway',
  localGatewayService: 'knative-local-gateway.istio-system.svc.cluster.local',
  knativeLocalGatewayService: 'knative-local-gateway.istio-system.svc.cluster.local',
  ingressDomain: 'example.com',
  ingressClassName: 'istio',
  disableIstioVirtualHost: false,
  enableGatewayApi: false,
  kserveIngressGateway: 'kserve/kserve-ingress-gateway',
  disableIngressCreation: false
}

/** KServe's configuration; absent where KServe is not installed. */
export function findKserveConfig(view: View<'ConfigMap'>): ResourceOf<'ConfigMap'> | undefined {
  return view.get('ConfigMap', view.settings.kserveNamespace, KSERVE_CONFIG)
}

/** @see kserve pkg/apis/serving/v1beta1/configmap.go (NewIngressConfig) */
export const ingressOf = memoize((view: View<'ConfigMap'>): IngressVerdict => {
  const map = findKserveConfig(view)
  return map === undefined ? { config: DEFAULT_INGRESS_CONFIG, refused: undefined } : readIngress(map)
})

const readIngress = memoize(({ data }: ResourceOf<'ConfigMap'>): IngressVerdict => {
  const value = data['ingress']
  // KServe itself takes it, and then writes VirtualServices without names that Istio refuses.
  if (value === undefined) return { config: DEFAULT_INGRESS_CONFIG, refused: 'there is no key ingress' }
  const json = parseGoObject(value)
  if (json === undefined) return { config: DEFAULT_INGRESS_CONFIG, refused: 'it is not a JSON object' }
  const { data: read, error } = ingressSchema.safeParse(json)
  if (read === undefined) {
    const [issue] = error.issues
    return { config: DEFAULT_INGRESS_CONFIG, refused: `${issue?.path.join('.')}: ${issue?.message}` }
  }
  const refused = whyRefused(read)
  return { config: toIngress(read), refused }
})

type ReadIngress = z.output<typeof ingressSchema>

function whyRefused(read: ReadIngress): string | undefined {
  if (read.enablegatewayapi && !isGatewayName(read.kserveingressgateway ?? '')) {
    return 'kserveIngressGateway must be <namespace>/<name> while enableGatewayApi is true'
  }
  if (!read.ingressgateway) return 'ingressGateway is required'
  return read.pathtemplate && !read.ingressdomain ? 'pathTemplate needs ingressDomain' : undefined
}

function toIngress(read: ReadIngress): IngressConfig {
  const localGatewayService = read.localgatewayservice ?? ''
  return {
    ingressGateway: read.ingressgateway || DEFAULT_INGRESS_CONFIG.ingressGateway,
    localGateway: read.localgateway ?? '',
    localGatewayService,
    knativeLocalGatewayService: read.knativelocalgatewayservice || localGatewayService,
    ingressDomain: read.ingressdomain || DEFAULT_INGRESS_CONFIG.ingressDomain,
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
