import { z } from 'zod'
import { type KindInfo, labelSelector, many, maybe, object, strings } from './fields.ts'
import { configData } from './limits.ts'

const containerPort = z.object({ name: maybe(z.string()), containerPort: z.number() })
/** Arguments are kept of the proxy alone: those of a model server may be long, and nothing reads them. */
const container = z
  .object({ name: z.string(), args: many(z.string()), ports: many(containerPort) })
  .transform(({ name, args, ports }) => ({ name, ports, args: name === 'istio-proxy' ? args : [] }))

const webhook = z.object({
  name: z.string(),
  namespaceSelector: maybe(labelSelector),
  objectSelector: maybe(labelSelector),
  clientConfig: object({
    service: object({ namespace: maybe(z.string()), name: maybe(z.string()), port: maybe(z.number()) })
  })
})

/** Kubernetes' own kinds. */
export const CORE = {
  Namespace: { group: '', version: 'v1', plural: 'namespaces', cluster: true, keptWhole: true, shape: z.object({}) },
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
  ConfigMap: { group: '', version: 'v1', plural: 'configmaps', keptWhole: true, shape: z.object({ data: configData }) },
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
    shape: z.object({ webhooks: many(webhook) })
  },
  ValidatingWebhookConfiguration: {
    group: 'admissionregistration.k8s.io',
    version: 'v1',
    plural: 'validatingwebhookconfigurations',
    cluster: true,
    shape: z.object({ webhooks: many(webhook) })
  }
} as const satisfies Record<string, KindInfo>
