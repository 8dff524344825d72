import { z } from 'zod'
import { container } from './container.ts'
import { type KindInfo, labelSelector, listOf, object, optional, strings } from './fields.ts'
import { configData } from './limits.ts'

const clientConfig = object({
  service: object({ namespace: optional(z.string()), name: optional(z.string()), port: optional(z.number()) })
})
const webhook = z.object({
  name: z.string(),
  failurePolicy: optional(z.string()),
  namespaceSelector: optional(labelSelector),
  objectSelector: optional(labelSelector),
  clientConfig
})

/** Kinds of Kubernetes. */
export const CORE = {
  Namespace: { group: '', version: 'v1', plural: 'namespaces', cluster: true, lossless: true, shape: z.object({}) },
  Service: {
    group: '',
    version: 'v1',
    plural: 'services',
    shape: z.object({
      spec: z
        .object({
          type: optional(z.string()),
          clusterIP: optional(z.string()),
          externalName: optional(z.string()),
          selector: strings,
          ports: listOf(
            z.object({
              name: optional(z.string()),
              port: z.number(),
              targetPort: optional(z.union([z.number(), z.string()])),
              protocol: optional(z.string()),
              appProtocol: optional(z.string())
            })
          )
        })
        .nullish()
        .transform(
          value => value ?? { type: undefined, clusterIP: undefined, externalName: undefined, selector: {}, ports: [] }
        )
    })
  },
  /** Only its name: no data is kept. */
  Secret: { group: '', version: 'v1', plural: 'secrets', manifestsOnly: true, shape: z.object({}) },
  EndpointSlice: {
    group: 'discovery.k8s.io',
    version: 'v1',
    plural: 'endpointslices',
    shape: z.object({
      endpoints: listOf(
        z.object({
          addresses: listOf(z.string()),
          targetRef: object({ kind: optional(z.string()), namespace: optional(z.string()), name: optional(z.string()) })
        })
      ),
      ports: listOf(z.object({ name: optional(z.string()), port: optional(z.number()) }))
    })
  },
  ConfigMap: { group: '', version: 'v1', plural: 'configmaps', lossless: true, shape: z.object({ data: configData }) },
  Pod: {
    group: '',
    version: 'v1',
    plural: 'pods',
    shape: z.object({
      spec: z.object({
        serviceAccountName: optional(z.string()),
        hostNetwork: optional(z.boolean()),
        containers: listOf(container),
        initContainers: listOf(container)
      }),
      status: object({ podIP: optional(z.string()), phase: optional(z.string()) })
    })
  },
  MutatingWebhookConfiguration: {
    group: 'admissionregistration.k8s.io',
    version: 'v1',
    plural: 'mutatingwebhookconfigurations',
    cluster: true,
    shape: z.object({ webhooks: listOf(webhook) })
  },
  ValidatingWebhookConfiguration: {
    group: 'admissionregistration.k8s.io',
    version: 'v1',
    plural: 'validatingwebhookconfigurations',
    cluster: true,
    shape: z.object({ webhooks: listOf(webhook) })
  },
  CustomResourceDefinition: {
    group: 'apiextensions.k8s.io',
    version: 'v1',
    plural: 'customresourcedefinitions',
    cluster: true,
    shape: z.object({
      spec: z.object({
        group: z.string(),
        conversion: object({ strategy: optional(z.string()), webhook: object({ clientConfig }) })
      })
    })
  }
} as const satisfies Record<string, KindInfo>
