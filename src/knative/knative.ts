import { z } from 'zod'
import { type InjectionKinds, nextProxy } from '../istio/injection.ts'
import { dedupePods } from '../kubernetes/dedupe-endpoints.ts'
import { podsWith } from '../kubernetes/service.ts'
import { memoize, memoizeInView } from '../state/memoize.ts'
import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { TLS_MODE_LABEL, type Workload } from '../state/workload.ts'
import { parseGoFloat } from '../text/go-float.ts'
import { parseYaml } from '../text/yaml.ts'

/** Gateway that Knative's routes are attached to, and its Service host. */
export interface KnativeGateway {
  /** `namespace/name` */
  readonly gateway: string
  readonly service: string
}

export interface KnativeGateways {
  readonly external: readonly KnativeGateway[]
  readonly local: readonly KnativeGateway[]
}

const entries = z.array(z.object({ name: z.string(), namespace: z.string(), service: z.string() }))

const readGateways = memoize(({ data, namespace }: ResourceOf<'ConfigMap'>) => ({
  external: parseGatewayList(data['external-gateways']) ?? parseKeyedGateways(data, 'gateway.', namespace),
  local: parseGatewayList(data['local-gateways']) ?? parseKeyedGateways(data, 'local-gateway.', namespace)
}))

/**
 * Gateways of Knative's routes. A list that the configuration omits has its default value.
 * @see net-istio 1.22 pkg/reconciler/ingress/config/istio.go
 */
export const knativeGateways = memoize((view: View<'ConfigMap'>): KnativeGateways => {
  const { knativeNamespace, istioNamespace, clusterDomain } = view.settings
  const map = view.get('ConfigMap', knativeNamespace, 'config-istio')
  const read = map === undefined ? undefined : readGateways(map)
  const gateway = (name: string, service: string) => [
    { gateway: `${knativeNamespace}/${name}`, service: `${service}.${istioNamespace}.svc.${clusterDomain}` }
  ]
  return {
    external: read?.external ?? gateway('knative-ingress-gateway', 'istio-ingressgateway'),
    local: read?.local ?? gateway('knative-local-gateway', 'knative-local-gateway')
  }
})

/** Parses the newer form: a YAML list. */
function parseGatewayList(value: string | undefined): readonly KnativeGateway[] | undefined {
  if (value === undefined || value.trim() === '') return undefined
  const { data } = entries.safeParse(parseYaml(value))
  return data?.map(({ name, namespace, service }) => ({
    gateway: `${namespace}/${name}`,
    service: service.replace(/\.$/, '')
  }))
}

/** Parses the older form: one key for each gateway. */
function parseKeyedGateways(
  data: Readonly<Record<string, string>>,
  prefix: string,
  own: string
): readonly KnativeGateway[] | undefined {
  const found = Object.entries(data).flatMap(([key, service]) => {
    if (!key.startsWith(prefix)) return []
    const [namespace = '', name] = key.slice(prefix.length).split('.')
    const gateway = name === undefined ? `${own}/${namespace}` : `${namespace}/${name}`
    return [{ gateway, service: service.replace(/\.$/, '') }]
  })
  return found.length === 0 ? undefined : found
}

/**
 * Settings of the autoscaler, with their defaults.
 * @see knative serving 1.23 pkg/autoscaler/config/config.go
 */
const AUTOSCALER = {
  'target-burst-capacity': 211,
  'container-concurrency-target-default': 100,
  'requests-per-second-target-default': 200,
  /** 0: unlimited. */
  'max-scale': 0
}

/** Setting of the autoscaler that applies to revisions without an annotation. */
export function autoscalerDefault(view: View<'ConfigMap'>, key: keyof typeof AUTOSCALER): number {
  const map = view.get('ConfigMap', view.settings.knativeNamespace, 'config-autoscaler')
  return parseGoFloat(map?.data[key] ?? '') ?? AUTOSCALER[key]
}

/**
 * Mesh compatibility mode of activator and autoscaler. `enabled`: they reach pods only by Service. `auto`: they try the
 * pod IPs first.
 * @see knative networking 1.23 pkg/config/config.go (mesh-compatibility-mode)
 */
export function meshCompatibility(view: View<'ConfigMap'>): 'auto' | 'enabled' | 'disabled' {
  const map = view.get('ConfigMap', view.settings.knativeNamespace, 'config-network')
  const mode = map?.data['mesh-compatibility-mode']?.toLowerCase()
  return mode === 'enabled' || mode === 'disabled' ? mode : 'auto'
}

/** Knative components that send requests to the pods of a model. */
export type KnativeSystem = 'activator' | 'autoscaler'

/** Running pods of a Knative component, one of each template; without running pods, its next pod. */
export const systemPods: (view: View<InjectionKinds | 'Pod'>, app: KnativeSystem) => readonly Workload[] =
  memoizeInView((view, app) => {
    const running = dedupePods(podsWith(view, view.settings.knativeNamespace, { app }))
    return running.length > 0 ? running : [nextSystemPod(view, app)]
  })

function nextSystemPod(view: View<InjectionKinds>, app: KnativeSystem): Workload {
  const namespace = view.settings.knativeNamespace
  const next = nextProxy(view, { namespace, labels: { app }, annotations: {}, hostNetwork: false })
  return {
    namespace,
    name: `${app} (next pod)`,
    labels: next.proxy === 'sidecar' ? { app, [TLS_MODE_LABEL]: 'istio' } : { app },
    serviceAccount: app,
    ...next,
    ports: [],
    address: undefined,
    unknownLabels: 'any'
  }
}
