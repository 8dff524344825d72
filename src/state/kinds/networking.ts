import { z } from 'zod'
import { type KindInfo, many, maybe, object, strings, workloadSelector } from './fields.ts'

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

/** Istio's kinds that say where traffic goes, and by what TLS. They are the same in each of their versions. */
export const NETWORKING = {
  Gateway: {
    group: 'networking.istio.io',
    version: 'v1beta1',
    plural: 'gateways',
    keptWhole: true,
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
    keptWhole: true,
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
  }
} as const satisfies Record<string, KindInfo>
