import { z } from 'zod'
import { type KindInfo, many, maybe, object, workloadSelector } from './fields.ts'

const mtls = object({ mode: maybe(z.enum(['UNSET', 'DISABLE', 'PERMISSIVE', 'STRICT'])) })

const targetRef = z.object({
  group: maybe(z.string()),
  kind: maybe(z.string()),
  name: maybe(z.string()),
  namespace: maybe(z.string())
})

const words = many(z.string())
const source = z.object({
  principals: words,
  notPrincipals: words,
  requestPrincipals: words,
  notRequestPrincipals: words,
  namespaces: words,
  notNamespaces: words,
  serviceAccounts: words,
  notServiceAccounts: words,
  trustDomains: words,
  notTrustDomains: words,
  ipBlocks: words,
  notIpBlocks: words,
  remoteIpBlocks: words,
  notRemoteIpBlocks: words
})
const operation = z.object({
  hosts: words,
  notHosts: words,
  ports: words,
  notPorts: words,
  methods: words,
  notMethods: words,
  paths: words,
  notPaths: words
})
const rule = z
  .object({
    from: many(z.object({ source: maybe(source) })),
    to: many(z.object({ operation: maybe(operation) })),
    when: many(z.object({ key: z.string(), values: words, notValues: words }))
  })
  .nullable()
const NO_RULES = {
  selector: undefined,
  targetRef: undefined,
  targetRefs: [],
  action: undefined,
  provider: undefined,
  rules: []
}

/** Istio's kinds that say who may speak to whom. They are the same in each of their versions. */
export const SECURITY = {
  PeerAuthentication: {
    group: 'security.istio.io',
    version: 'v1beta1',
    plural: 'peerauthentications',
    keptWhole: true,
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
  AuthorizationPolicy: {
    group: 'security.istio.io',
    version: 'v1beta1',
    plural: 'authorizationpolicies',
    keptWhole: true,
    shape: z.object({
      spec: z
        .object({
          selector: workloadSelector,
          targetRef: maybe(targetRef),
          targetRefs: many(targetRef),
          action: maybe(z.enum(['ALLOW', 'DENY', 'AUDIT', 'CUSTOM'])),
          provider: object({ name: maybe(z.string()) }),
          rules: many(rule)
        })
        .nullish()
        .transform(value => value ?? NO_RULES)
    })
  },
  RequestAuthentication: {
    group: 'security.istio.io',
    version: 'v1beta1',
    plural: 'requestauthentications',
    keptWhole: true,
    shape: z.object({
      spec: z
        .object({
          selector: workloadSelector,
          targetRef: maybe(targetRef),
          targetRefs: many(targetRef),
          jwtRules: many(z.looseObject({ issuer: maybe(z.string()), forwardOriginalToken: maybe(z.boolean()) }))
        })
        .nullish()
        .transform(value => value ?? { selector: undefined, targetRef: undefined, targetRefs: [], jwtRules: [] })
    })
  }
} as const satisfies Record<string, KindInfo>
