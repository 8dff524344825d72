import { z } from 'zod'
import { type KindInfo, labelSelector, optional } from './fields.ts'

const EVERY_POD = { matchLabels: {}, matchExpressions: [] }

/** Kinds that decide whether requests arrive and that are not evaluated: a change of one is reported. */
export const TRAFFIC = {
  NetworkPolicy: {
    group: 'networking.k8s.io',
    version: 'v1',
    plural: 'networkpolicies',
    shape: z.object({
      spec: z
        .looseObject({
          podSelector: labelSelector.nullish().transform(value => value ?? EVERY_POD)
        })
        .nullish()
        .transform(value => value ?? { podSelector: EVERY_POD })
    })
  },
  KubernetesGateway: {
    group: 'gateway.networking.k8s.io',
    kind: 'Gateway',
    version: 'v1',
    plural: 'gateways',
    shape: z.object({ spec: z.looseObject({ gatewayClassName: z.string().default('') }) })
  },
  GatewayClass: {
    group: 'gateway.networking.k8s.io',
    version: 'v1',
    plural: 'gatewayclasses',
    cluster: true,
    shape: z.object({ spec: z.looseObject({ controllerName: optional(z.string()) }) })
  }
} as const satisfies Record<string, KindInfo>
