import { z } from 'zod'
import { type KindInfo, labelSelector } from './fields.ts'

const EVERY_POD = { matchLabels: {}, matchExpressions: [] }

/** Kinds that decide whether packets arrive and that are not evaluated: a change of one is reported. */
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
  }
} as const satisfies Record<string, KindInfo>
