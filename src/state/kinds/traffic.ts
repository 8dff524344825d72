import { z } from 'zod'
import { type KindInfo, labelSelector, listOf, object, optional } from './fields.ts'

const EVERY_POD = { matchLabels: {}, matchExpressions: [] }

const networkPort = z.object({
  protocol: optional(z.string()),
  port: optional(z.union([z.number(), z.string()])),
  endPort: optional(z.number())
})
const networkPeer = z.object({
  podSelector: optional(labelSelector),
  namespaceSelector: optional(labelSelector),
  ipBlock: object({ cidr: z.string(), except: listOf(z.string()) })
})

/** Kinds that decide whether packets arrive. */
export const TRAFFIC = {
  NetworkPolicy: {
    group: 'networking.k8s.io',
    version: 'v1',
    plural: 'networkpolicies',
    lossless: true,
    shape: z.object({
      spec: z
        .object({
          podSelector: labelSelector.nullish().transform(value => value ?? EVERY_POD),
          policyTypes: listOf(z.string()),
          ingress: listOf(z.object({ ports: listOf(networkPort), from: listOf(networkPeer) })),
          egress: listOf(z.object({ ports: listOf(networkPort), to: listOf(networkPeer) }))
        })
        .nullish()
        .transform(value => value ?? { podSelector: EVERY_POD, policyTypes: [], ingress: [], egress: [] })
    })
  }
} as const satisfies Record<string, KindInfo>
