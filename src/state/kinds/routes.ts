import { z } from 'zod'
import { type KindInfo, labelSelector, listOf, object, optional } from './fields.ts'

const text = optional(z.string())
const number = optional(z.number())

const kindRef = z.looseObject({ group: text, kind: z.string() })
const listener = z.looseObject({
  name: z.string(),
  hostname: text,
  port: z.number(),
  protocol: z.string(),
  allowedRoutes: z
    .looseObject({
      namespaces: z
        .looseObject({ from: text, selector: optional(labelSelector) })
        .nullish()
        .transform(value => value ?? undefined),
      kinds: listOf(kindRef)
    })
    .nullish()
    .transform(value => value ?? undefined)
})

const headers = listOf(z.object({ name: z.string(), value: z.string().default('') }))
const headerModifier = object({ set: headers, add: headers, remove: listOf(z.string()) })
const pathModifier = object({ type: text, replaceFullPath: text, replacePrefixMatch: text })
const filter = z.object({
  type: text,
  requestHeaderModifier: headerModifier,
  requestRedirect: object({ scheme: text, hostname: text, port: number, path: pathModifier }),
  urlRewrite: object({ hostname: text, path: pathModifier })
})
const condition = z.object({ type: text, name: z.string(), value: z.string().default('') })
const routeRule = z.object({
  matches: listOf(
    z.object({
      path: object({ type: text, value: text }),
      headers: listOf(condition),
      queryParams: listOf(condition),
      method: text
    })
  ),
  filters: listOf(filter),
  backendRefs: listOf(
    z.object({
      group: text,
      kind: text,
      namespace: text,
      name: z.string(),
      port: number,
      weight: number,
      filters: listOf(filter)
    })
  )
})

const backend = object({ service: object({ name: z.string(), port: object({ number, name: text }) }) })

/** Kinds that route requests from outside the cluster to models in Standard mode. */
export const ROUTES = {
  KubernetesGateway: {
    group: 'gateway.networking.k8s.io',
    kind: 'Gateway',
    version: 'v1',
    plural: 'gateways',
    lossless: true,
    shape: z.object({
      spec: z.looseObject({
        gatewayClassName: z.string().default(''),
        addresses: listOf(z.looseObject({ type: text, value: text })),
        listeners: listOf(listener)
      }),
      status: object({
        addresses: listOf(z.looseObject({ value: text })),
        conditions: listOf(z.looseObject({ status: text }))
      })
    })
  },
  GatewayClass: {
    group: 'gateway.networking.k8s.io',
    version: 'v1',
    plural: 'gatewayclasses',
    cluster: true,
    shape: z.object({ spec: z.looseObject({ controllerName: text }) })
  },
  HTTPRoute: {
    group: 'gateway.networking.k8s.io',
    version: 'v1',
    plural: 'httproutes',
    shape: z.object({
      spec: z
        .object({
          parentRefs: listOf(
            z.object({
              group: text,
              kind: text,
              namespace: text,
              name: z.string(),
              sectionName: text,
              port: number
            })
          ),
          hostnames: listOf(z.string()),
          rules: listOf(routeRule)
        })
        .nullish()
        .transform(value => value ?? { parentRefs: [], hostnames: [], rules: [] })
    })
  },
  ReferenceGrant: {
    group: 'gateway.networking.k8s.io',
    version: 'v1beta1',
    plural: 'referencegrants',
    shape: z.object({
      spec: z.object({
        from: listOf(z.object({ group: z.string().default(''), kind: z.string(), namespace: z.string() })),
        to: listOf(z.object({ group: z.string().default(''), kind: z.string(), name: text }))
      })
    })
  },
  Ingress: {
    group: 'networking.k8s.io',
    version: 'v1',
    plural: 'ingresses',
    shape: z.object({
      spec: z
        .object({
          ingressClassName: text,
          rules: listOf(
            z.object({
              host: text,
              http: object({ paths: listOf(z.object({ path: text, pathType: text, backend })) })
            })
          )
        })
        .nullish()
        .transform(value => value ?? { ingressClassName: undefined, rules: [] })
    })
  },
  IngressClass: {
    group: 'networking.k8s.io',
    version: 'v1',
    plural: 'ingressclasses',
    cluster: true,
    shape: z.object({ spec: object({ controller: text }) })
  }
} as const satisfies Record<string, KindInfo>
