import { z } from 'zod'
import { type IstioRevision, meshConfigMap } from '../state/discovery.ts'
import { memoize, memoizeInView } from '../state/memoize.ts'
import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { parseYaml } from '../text/yaml.ts'

/** Mesh configuration that request paths depend on. */
export interface Mesh {
  readonly rootNamespace: string
  readonly trustDomain: string
  /** Other names of the trust domain that policies can use. */
  readonly trustDomainAliases: readonly string[]
  /** False: a client sends mTLS only if a DestinationRule sets it. */
  readonly autoMtls: boolean
  /** Default of `exportTo` in DestinationRules: `*`, or `.` for its own namespace. */
  readonly destinationRuleExportTo: readonly string[]
  /** Default of `exportTo` in VirtualServices. */
  readonly virtualServiceExportTo: readonly string[]
  /** Default of the annotation `exportTo` of Services. */
  readonly serviceExportTo: readonly string[]
  /** True: sidecars reject requests to hosts that they do not know (REGISTRY_ONLY). */
  readonly registryOnly: boolean
  /** Names of extension providers that policies with action CUSTOM can use. */
  readonly authorizers: readonly string[]
  /** Label `istio` of the gateway pods that serve Ingresses. */
  readonly ingressGateway: string
  /** True if gateways believe proxies before them about the scheme of requests. */
  readonly trustsProxies: boolean
  /** True if sidecars that are injected now accept HBONE: ambient mode is installed. */
  readonly enablesHbone: boolean
}

/** Mode of `outboundTrafficPolicy`. */
export const REGISTRY_ONLY = 'REGISTRY_ONLY'
const EVERYWHERE = ['*']
const DEFAULT_INGRESS_SERVICE = 'istio-ingressgateway'
const DEFAULT_INGRESS_GATEWAY = 'ingressgateway'

const meshConfig = z.object({
  rootNamespace: z.string().nullish(),
  trustDomain: z.string().nullish(),
  trustDomainAliases: z.array(z.string()).nullish(),
  extensionProviders: z
    .array(
      z.object({
        name: z.string(),
        envoyExtAuthzHttp: z.unknown().optional(),
        envoyExtAuthzGrpc: z.unknown().optional()
      })
    )
    .nullish(),
  defaultConfig: z
    .object({
      gatewayTopology: z.object({ numTrustedProxies: z.number().nullish() }).nullish(),
      proxyMetadata: z.record(z.string(), z.unknown()).nullish()
    })
    .nullish(),
  ingressSelector: z.string().nullish(),
  ingressService: z.string().nullish(),
  enableAutoMtls: z.boolean().nullish(),
  outboundTrafficPolicy: z.object({ mode: z.string().nullish() }).nullish(),
  defaultDestinationRuleExportTo: z.array(z.string()).nullish(),
  defaultVirtualServiceExportTo: z.array(z.string()).nullish(),
  defaultServiceExportTo: z.array(z.string()).nullish()
})

const readMesh = memoize(({ data: { mesh: text = '' } }: ResourceOf<'ConfigMap'>) => {
  const { data: mesh } = meshConfig.safeParse(parseYaml(text))
  return mesh ?? {}
})

/** Workload of which the revision of its control plane is known, if it is not the default one. */
interface OfRevision {
  readonly revision?: string | undefined
}

/**
 * Effective mesh configuration of a workload: that of its revision, by default of the default revision. If it does not
 * parse, istiod uses its defaults.
 * @see istio 1.31 pkg/config/mesh/mesh.go (DefaultMeshConfig)
 */
export function meshOf(view: View<'ConfigMap'>, { revision }: OfRevision = {}): Mesh {
  return meshByRevision(view, revision)
}

const meshByRevision = memoizeInView((view: View<'ConfigMap'>, revision: string | undefined): Mesh => {
  const { rootNamespace, trustDomain } = view.settings
  const map = findMeshConfig(view, { revision })
  const mesh = map === undefined ? {} : readMesh(map)
  return {
    rootNamespace: rootNamespace ?? mesh.rootNamespace ?? installationOf(view, revision).namespace,
    trustDomain: trustDomain ?? mesh.trustDomain ?? 'cluster.local',
    trustDomainAliases: mesh.trustDomainAliases ?? [],
    authorizers: (mesh.extensionProviders ?? [])
      .filter(one => one.envoyExtAuthzHttp !== undefined || one.envoyExtAuthzGrpc !== undefined)
      .map(({ name }) => name),
    ingressGateway: toIngressGateway(mesh),
    trustsProxies: Number(mesh.defaultConfig?.gatewayTopology?.numTrustedProxies) > 0,
    enablesHbone: String(mesh.defaultConfig?.proxyMetadata?.['ISTIO_META_ENABLE_HBONE']) === 'true',
    autoMtls: mesh.enableAutoMtls ?? true,
    destinationRuleExportTo: mesh.defaultDestinationRuleExportTo ?? EVERYWHERE,
    virtualServiceExportTo: mesh.defaultVirtualServiceExportTo ?? EVERYWHERE,
    serviceExportTo: mesh.defaultServiceExportTo ?? EVERYWHERE,
    registryOnly: mesh.outboundTrafficPolicy?.mode === REGISTRY_ONLY
  }
})

/** @see istio 1.31 pilot/pkg/config/kube/ingress/gateways.go (getIngressGatewaySelector) */
function toIngressGateway({ ingressSelector, ingressService }: z.output<typeof meshConfig>): string {
  if (ingressSelector) return ingressSelector
  return ingressService && ingressService !== DEFAULT_INGRESS_SERVICE ? ingressService : DEFAULT_INGRESS_GATEWAY
}

/** Control plane of a revision; of an unknown one, the default control plane. */
export function installationOf({ settings }: View<'ConfigMap'>, revision: string | undefined): IstioRevision {
  const { istio } = settings.installations
  return istio.find(one => one.revision === revision) ?? istio[0]
}

/** ConfigMap with the mesh configuration of a workload. */
export function findMeshConfig(
  view: View<'ConfigMap'>,
  { revision }: OfRevision = {}
): ResourceOf<'ConfigMap'> | undefined {
  const { namespace, revision: known } = installationOf(view, revision)
  return view.get('ConfigMap', namespace, meshConfigMap(known))
}
