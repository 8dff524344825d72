import { z } from 'zod'
import { type InjectionKinds, injection } from '../istio/injection.ts'
import { dedupePods } from '../kubernetes/dedupe-endpoints.ts'
import { podsWith } from '../kubernetes/service.ts'
import { memoize, memoizeInView } from '../state/memoize.ts'
import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { TLS_MODE_LABEL, type Workload } from '../state/workload.ts'
import { parseGoFloat } from '../text/go-float.ts'
import { parseYaml } from '../text/yaml.ts'

/** A Gateway that Knative binds its routes to, and the Service that leads to it. */
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
 * The gateways of Knative's routes. Each list that the configuration leaves out is the default one.
 * @see net-istio pkg/reconciler/ingress/config/istio.go
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

/** The newer form: a list, as YAML in the value. */
function parseGatewayList(value: string | undefined): readonly KnativeGateway[] | undefined {
  if (value === undefined || value.trim() === '') return undefined
  const { data } = entries.safeParse(parseYaml(value))
  return data?.map(({ name, namespace, service }) => ({
    gateway: `${namespace}/${name}`,
    service: service.replace(/\.$/, '')
  }))
}

/** The older form: a key for each gateway. */
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

/** @see knative serving pkg/autoscaler/config/config.go */
const DEFAULT_BURST_CAPACITY = 211

/** The burst capacity of a revision that says nothing itself. */
export const defaultBurstCapacity = memoize((view: View<'ConfigMap'>): number => {
  const map = view.get('ConfigMap', view.settings.knativeNamespace, 'config-autoscaler')
  return parseGoFloat(map?.data['target-burst-capacity'] ?? '') ?? DEFAULT_BURST_CAPACITY
})

/**
 * Whether activator and autoscaler take the network for a mesh, where pods are reached by their Service alone: found
 * out by trying, unless the configuration says so.
 * @see knative networking pkg/config/config.go (mesh-compatibility-mode)
 */
export function meshCompatibility(view: View<'ConfigMap'>): 'auto' | 'enabled' | 'disabled' {
  const map = view.get('ConfigMap', view.settings.knativeNamespace, 'config-network')
  const mode = map?.data['mesh-compatibility-mode']?.toLowerCase()
  return mode === 'enabled' || mode === 'disabled' ? mode : 'auto'
}

/**
 * The domain under which models are published, absent when they are not.
 * @see knative serving pkg/reconciler/route/config/domain.go
 */
export const publicDomain = memoize((view: View<'ConfigMap'>): string | undefined => {
  const { knativeNamespace, clusterDomain } = view.settings
  const map = view.get('ConfigMap', knativeNamespace, 'config-domain')
  // A state without the configuration says nothing against publishing.
  if (map === undefined) return 'example.com'
  const domain = Object.keys(map.data).find(key => !key.startsWith('_') && map.data[key]?.trim() === '')
  return domain === undefined || domain === `svc.${clusterDomain}` ? undefined : domain
})

/** Parts of Knative that talk to the pods of a model. */
export type KnativeSystem = 'activator' | 'autoscaler'

/** The running pods of a part of Knative, one of each template; where none is seen, one as it would be made now. */
export const systemPods: (view: View<InjectionKinds | 'Pod'>, app: KnativeSystem) => readonly Workload[] =
  memoizeInView((view, app) => {
    const running = dedupePods(podsWith(view, view.settings.knativeNamespace, { app }))
    return running.length > 0 ? running : [nextSystemPod(view, app)]
  })

function nextSystemPod(view: View<InjectionKinds>, app: KnativeSystem): Workload {
  const namespace = view.settings.knativeNamespace
  const { injected } = injection(view, { namespace, labels: { app }, annotations: {}, hostNetwork: false })
  return {
    namespace,
    name: `${app} (next pod)`,
    labels: injected ? { app, [TLS_MODE_LABEL]: 'istio' } : { app },
    serviceAccount: app,
    proxy: injected ? 'sidecar' : 'none',
    ports: [],
    address: undefined
  }
}
