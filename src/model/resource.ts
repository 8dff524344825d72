import { z } from 'zod'

/** Absent and `null` are the same to Kubernetes; both become `undefined`. */
const maybe = <T extends z.ZodType>(schema: T) => schema.nullish().transform(value => value ?? undefined)
const many = <T extends z.ZodType>(schema: T) =>
  z
    .array(schema)
    .nullish()
    .transform(value => value ?? [])
const strings = z
  .record(z.string(), z.string())
  .nullish()
  .transform(value => value ?? {})
const object = <T extends z.ZodRawShape>(shape: T) =>
  z
    .object(shape)
    .nullish()
    .transform(value => value ?? undefined)

const labelSelector = z.object({
  matchLabels: strings,
  matchExpressions: many(z.object({ key: z.string(), operator: z.string(), values: many(z.string()) }))
})
/** Istio's own selectors have `matchLabels` only. */
const workloadSelector = object({ matchLabels: strings })

const mtls = object({ mode: maybe(z.enum(['UNSET', 'DISABLE', 'PERMISSIVE', 'STRICT'])) })

// Loose where a fix writes the whole object out again: what is not read must not get lost.
const clientTls = z
  .looseObject({
    mode: maybe(z.enum(['DISABLE', 'SIMPLE', 'MUTUAL', 'ISTIO_MUTUAL'])),
    sni: maybe(z.string()),
    credentialName: maybe(z.string()),
    subjectAltNames: many(z.string())
  })
  .nullish()
  .transform(value => value ?? undefined)
const loadBalancer = z
  .looseObject({ simple: maybe(z.string()) })
  .nullish()
  .transform(value => value ?? undefined)
const trafficPolicy = z
  .looseObject({
    tls: clientTls,
    loadBalancer,
    portLevelSettings: many(
      z.looseObject({ port: object({ number: maybe(z.number()) }), tls: clientTls, loadBalancer })
    )
  })
  .nullish()
  .transform(value => value ?? undefined)

const framework = object({ protocolVersion: maybe(z.string()) })
const component = z.object({
  labels: strings,
  annotations: strings,
  minReplicas: maybe(z.number()),
  maxReplicas: maybe(z.number()),
  serviceAccountName: maybe(z.string()),
  hostNetwork: maybe(z.boolean()),
  model: object({
    runtime: maybe(z.string()),
    modelFormat: object({ name: z.string() }),
    protocolVersion: maybe(z.string())
  }),
  // Predictors as they were written before `model`: the key names the format.
  sklearn: framework,
  xgboost: framework,
  tensorflow: framework,
  pytorch: framework,
  triton: framework,
  onnx: framework,
  huggingface: framework,
  pmml: framework,
  lightgbm: framework,
  paddle: framework
})
const runtimeSpec = z.object({
  labels: strings,
  annotations: strings,
  disabled: maybe(z.boolean()),
  supportedModelFormats: many(
    z.object({ name: z.string(), autoSelect: maybe(z.boolean()), priority: maybe(z.number()) })
  )
})

const containerPort = z.object({ name: maybe(z.string()), containerPort: z.number() })
/** Arguments are kept of the proxy alone: those of a model server may be long, and nothing reads them. */
const container = z
  .object({ name: z.string(), args: many(z.string()), ports: many(containerPort) })
  .transform(({ name, args, ports }) => ({ name, ports, args: name === 'istio-proxy' ? args : [] }))

/**
 * What the model reads of each kind, and no more: an object is cut down to this when it arrives.
 * `plural` is the resource's name in URLs. Istio's kinds are the same in each of their versions.
 */
export const KINDS = {
  InferenceService: {
    group: 'serving.kserve.io',
    version: 'v1beta1',
    plural: 'inferenceservices',
    shape: z.object({
      spec: z.object({ predictor: maybe(component), transformer: maybe(component), explainer: maybe(component) }),
      status: object({
        deploymentMode: maybe(z.string()),
        components: maybe(z.record(z.string(), z.object({ latestReadyRevision: maybe(z.string()) })))
      })
    })
  },
  ServingRuntime: {
    group: 'serving.kserve.io',
    version: 'v1alpha1',
    plural: 'servingruntimes',
    shape: z.object({ spec: runtimeSpec })
  },
  ClusterServingRuntime: {
    group: 'serving.kserve.io',
    version: 'v1alpha1',
    plural: 'clusterservingruntimes',
    cluster: true,
    shape: z.object({ spec: runtimeSpec })
  },
  Gateway: {
    group: 'networking.istio.io',
    version: 'v1beta1',
    plural: 'gateways',
    shape: z.object({
      spec: z.object({
        selector: strings,
        servers: many(
          z.looseObject({
            port: z.looseObject({ number: z.number(), protocol: z.string(), name: maybe(z.string()) }),
            bind: maybe(z.string()),
            hosts: many(z.string()),
            tls: z
              .looseObject({
                mode: maybe(
                  z.enum(['PASSTHROUGH', 'SIMPLE', 'MUTUAL', 'AUTO_PASSTHROUGH', 'ISTIO_MUTUAL', 'OPTIONAL_MUTUAL'])
                ),
                httpsRedirect: maybe(z.boolean())
              })
              .nullish()
              .transform(value => value ?? undefined)
          })
        )
      })
    })
  },
  VirtualService: {
    group: 'networking.istio.io',
    version: 'v1beta1',
    plural: 'virtualservices',
    shape: z.object({ spec: z.object({ hosts: many(z.string()), gateways: many(z.string()) }) })
  },
  DestinationRule: {
    group: 'networking.istio.io',
    version: 'v1beta1',
    plural: 'destinationrules',
    shape: z.object({
      spec: z.looseObject({
        host: z.string(),
        trafficPolicy,
        subsets: many(z.looseObject({ name: z.string(), trafficPolicy })),
        exportTo: many(z.string()),
        workloadSelector
      })
    })
  },
  Sidecar: {
    group: 'networking.istio.io',
    version: 'v1beta1',
    plural: 'sidecars',
    shape: z.object({
      spec: z
        .object({
          workloadSelector: object({ labels: strings }),
          egress: many(z.object({ hosts: many(z.string()), port: object({ number: maybe(z.number()) }) }))
        })
        .nullish()
        .transform(value => value ?? { workloadSelector: undefined, egress: [] })
    })
  },
  PeerAuthentication: {
    group: 'security.istio.io',
    version: 'v1beta1',
    plural: 'peerauthentications',
    shape: z.object({
      spec: z
        .looseObject({
          selector: workloadSelector,
          mtls,
          portLevelMtls: z
            .record(z.string(), mtls)
            .nullish()
            .transform(value => value ?? {})
        })
        .nullish()
        .transform(value => value ?? { selector: undefined, mtls: undefined, portLevelMtls: {} })
    })
  },
  Namespace: { group: '', version: 'v1', plural: 'namespaces', cluster: true, shape: z.object({}) },
  Service: {
    group: '',
    version: 'v1',
    plural: 'services',
    shape: z.object({
      spec: z
        .object({
          type: maybe(z.string()),
          clusterIP: maybe(z.string()),
          externalName: maybe(z.string()),
          selector: strings,
          ports: many(
            z.object({
              name: maybe(z.string()),
              port: z.number(),
              targetPort: maybe(z.union([z.number(), z.string()])),
              protocol: maybe(z.string()),
              appProtocol: maybe(z.string())
            })
          )
        })
        .nullish()
        .transform(
          value => value ?? { type: undefined, clusterIP: undefined, externalName: undefined, selector: {}, ports: [] }
        )
    })
  },
  EndpointSlice: {
    group: 'discovery.k8s.io',
    version: 'v1',
    plural: 'endpointslices',
    shape: z.object({
      endpoints: many(
        z.object({
          addresses: many(z.string()),
          targetRef: object({ kind: maybe(z.string()), namespace: maybe(z.string()), name: maybe(z.string()) })
        })
      ),
      ports: many(z.object({ name: maybe(z.string()), port: maybe(z.number()) }))
    })
  },
  ConfigMap: { group: '', version: 'v1', plural: 'configmaps', shape: z.object({ data: strings }) },
  Pod: {
    group: '',
    version: 'v1',
    plural: 'pods',
    shape: z.object({
      spec: z.object({
        serviceAccountName: maybe(z.string()),
        hostNetwork: maybe(z.boolean()),
        containers: many(container),
        initContainers: many(container)
      }),
      status: object({ podIP: maybe(z.string()), phase: maybe(z.string()) })
    })
  },
  MutatingWebhookConfiguration: {
    group: 'admissionregistration.k8s.io',
    version: 'v1',
    plural: 'mutatingwebhookconfigurations',
    cluster: true,
    shape: z.object({
      webhooks: many(
        z.object({ name: z.string(), namespaceSelector: maybe(labelSelector), objectSelector: maybe(labelSelector) })
      )
    })
  }
} as const satisfies Record<string, KindInfo>

interface KindInfo {
  readonly group: string
  /** The version to read, the oldest that is still served widely; objects of other versions are read alike. */
  readonly version: string
  readonly plural: string
  /** True when objects of the kind have no namespace. */
  readonly cluster?: true
  readonly shape: z.ZodType
}

/** A kind that the model knows. Two API groups never share one here. */
export type Kind = keyof typeof KINDS

/** Identity and metadata, the same for each kind. `namespace` is empty for cluster-wide kinds. */
export interface Meta {
  readonly apiVersion: string
  readonly namespace: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  /** RFC 3339 in UTC; absent while the object is being created, which makes it the youngest. */
  readonly created: string | undefined
  /** True once deletion has begun. */
  readonly deleting: boolean
  /** The owner that is its controller. */
  readonly owner: { readonly apiVersion: string; readonly kind: string; readonly name: string } | undefined
}

export type ResourceOf<K extends Kind> = {
  [T in K]: Meta & { readonly kind: T } & z.output<(typeof KINDS)[T]['shape']>
}[K]
export type Resource = ResourceOf<Kind>

/** What names an object: enough to find it, and what reports print. */
export interface Ref {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace: string
  readonly name: string
}

/** Metadata as Kubernetes writes it. */
export const metadata = z.object({
  name: maybe(z.string()),
  generateName: maybe(z.string()),
  namespace: maybe(z.string()),
  labels: strings,
  annotations: strings,
  creationTimestamp: maybe(z.string()),
  deletionTimestamp: maybe(z.string()),
  ownerReferences: many(
    z.object({ apiVersion: z.string(), kind: z.string(), name: z.string(), controller: maybe(z.boolean()) })
  )
})

/** @returns the kind, when the group is the one we mean: `Service` and `Gateway` exist in several. */
export function findKind(apiVersion: string, kind: string): Kind | undefined {
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
  return Object.hasOwn(KINDS, kind) && KINDS[kind as Kind].group === group ? (kind as Kind) : undefined
}

/** `Kind namespace/name`, as people say it. */
export function nameOf({ kind, namespace, name }: Pick<Ref, 'kind' | 'namespace' | 'name'>): string {
  return `${kind} ${namespace === '' ? name : `${namespace}/${name}`}`
}

export function toRef({ apiVersion, kind, namespace, name }: Ref): Ref {
  return { apiVersion, kind, namespace, name }
}
