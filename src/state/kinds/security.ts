import { z } from 'zod'
import { type KindInfo, listOf, object, optional, workloadSelector } from './fields.ts'

const mtls = object({ mode: optional(z.enum(['UNSET', 'DISABLE', 'PERMISSIVE', 'STRICT'])) })

const targetRef = z.object({
  group: optional(z.string()),
  kind: optional(z.string()),
  name: optional(z.string()),
  namespace: optional(z.string())
})

const stringList = listOf(z.string())
const source = z.object({
  principals: stringList,
  notPrincipals: stringList,
  requestPrincipals: stringList,
  notRequestPrincipals: stringList,
  namespaces: stringList,
  notNamespaces: stringList,
  serviceAccounts: stringList,
  notServiceAccounts: stringList,
  trustDomains: stringList,
  notTrustDomains: stringList,
  ipBlocks: stringList,
  notIpBlocks: stringList,
  remoteIpBlocks: stringList,
  notRemoteIpBlocks: stringList
})
const operation = z.object({
  hosts: stringList,
  notHosts: stringList,
  ports: stringList,
  notPorts: stringList,
  methods: stringList,
  notMethods: stringList,
  paths: stringList,
  notPaths: stringList
})
const rule = z
  .object({
    from: listOf(z.object({ source: optional(source) })),
    to: listOf(z.object({ operation: optional(operation) })),
    when: listOf(z.object({ key: z.string(), values: stringList, notValues: stringList }))
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

/** Security kinds of Istio. Their API versions have the same schema. */
export const SECURITY = {
  PeerAuthentication: {
    group: 'security.istio.io',
    version: 'v1beta1',
    plural: 'peerauthentications',
    lossless: true,
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
    lossless: true,
    shape: z.object({
      spec: z
        .object({
          selector: workloadSelector,
          targetRef: optional(targetRef),
          targetRefs: listOf(targetRef),
          action: optional(z.enum(['ALLOW', 'DENY', 'AUDIT', 'CUSTOM'])),
          provider: object({ name: optional(z.string()) }),
          rules: listOf(rule)
        })
        .nullish()
        .transform(value => value ?? NO_RULES)
    })
  },
  RequestAuthentication: {
    group: 'security.istio.io',
    version: 'v1beta1',
    plural: 'requestauthentications',
    lossless: true,
    shape: z.object({
      spec: z
        .object({
          selector: workloadSelector,
          targetRef: optional(targetRef),
          targetRefs: listOf(targetRef),
          jwtRules: listOf(z.looseObject({ issuer: optional(z.string()), forwardOriginalToken: optional(z.boolean()) }))
        })
        .nullish()
        .transform(value => value ?? { selector: undefined, targetRef: undefined, targetRefs: [], jwtRules: [] })
    })
  }
} as const satisfies Record<string, KindInfo>
