import { z } from 'zod'
import { type KindInfo, listOf, object, optional, strings, workloadSelector } from './fields.ts'
import { virtualServiceSpec } from './virtual-service.ts'

// Loose objects keep unknown fields, because a fix writes the whole object back.
const clientTls = z
  .looseObject({
    mode: optional(z.enum(['DISABLE', 'SIMPLE', 'MUTUAL', 'ISTIO_MUTUAL'])),
    sni: optional(z.string()),
    credentialName: optional(z.string()),
    subjectAltNames: listOf(z.string())
  })
  .nullish()
  .transform(value => value ?? undefined)
const loadBalancer = z
  .looseObject({ simple: optional(z.string()) })
  .nullish()
  .transform(value => value ?? undefined)
const trafficPolicy = z
  .looseObject({
    tls: clientTls,
    loadBalancer,
    portLevelSettings: listOf(
      z.looseObject({ port: object({ number: optional(z.number()) }), tls: clientTls, loadBalancer })
    )
  })
  .nullish()
  .transform(value => value ?? undefined)

/** Networking kinds of Istio. Their API versions have the same schema. */
export const NETWORKING = {
  Gateway: {
    group: 'networking.istio.io',
    version: 'v1beta1',
    plural: 'gateways',
    lossless: true,
    shape: z.object({
      spec: z.object({
        selector: strings,
        servers: listOf(
          z.looseObject({
            port: z.looseObject({ number: z.number(), protocol: z.string(), name: optional(z.string()) }),
            bind: optional(z.string()),
            hosts: listOf(z.string()),
            tls: z
              .looseObject({
                mode: optional(
                  z.enum(['PASSTHROUGH', 'SIMPLE', 'MUTUAL', 'AUTO_PASSTHROUGH', 'ISTIO_MUTUAL', 'OPTIONAL_MUTUAL'])
                ),
                httpsRedirect: optional(z.boolean()),
                credentialName: optional(z.string())
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
    lossless: true,
    shape: z.object({ spec: virtualServiceSpec })
  },
  DestinationRule: {
    group: 'networking.istio.io',
    version: 'v1beta1',
    plural: 'destinationrules',
    lossless: true,
    shape: z.object({
      spec: z.looseObject({
        host: z.string(),
        trafficPolicy,
        subsets: listOf(z.looseObject({ name: z.string(), labels: strings, trafficPolicy })),
        exportTo: listOf(z.string()),
        workloadSelector
      })
    })
  },
  ServiceEntry: {
    group: 'networking.istio.io',
    version: 'v1beta1',
    plural: 'serviceentries',
    shape: z.object({
      spec: z.looseObject({
        hosts: listOf(z.string()),
        exportTo: listOf(z.string()),
        ports: listOf(z.looseObject({ number: optional(z.number()) }))
      })
    })
  },
  Sidecar: {
    group: 'networking.istio.io',
    version: 'v1beta1',
    plural: 'sidecars',
    lossless: true,
    shape: z.object({
      spec: z
        .looseObject({
          outboundTrafficPolicy: object({ mode: optional(z.string()) }),
          workloadSelector: object({ labels: strings }),
          egress: listOf(
            z.looseObject({
              hosts: listOf(z.string()),
              port: optional(z.looseObject({ number: optional(z.number()) }))
            })
          )
        })
        .nullish()
        .transform(value => value ?? { outboundTrafficPolicy: undefined, workloadSelector: undefined, egress: [] })
    })
  }
} as const satisfies Record<string, KindInfo>
