import { z } from 'zod'
import { listOf } from './fields.ts'

/** Optional field of an object of which a cluster has many: absent instead of `undefined`. */
const maybe = <T extends z.ZodType>(schema: T) => z.preprocess(value => value ?? undefined, schema.optional())

const stringMatch = z.looseObject({ exact: maybe(z.string()), prefix: maybe(z.string()), regex: maybe(z.string()) })
const stringMatches = maybe(z.record(z.string(), stringMatch.nullable()))
const headers = maybe(
  z.looseObject({
    request: maybe(
      z.looseObject({
        set: maybe(z.record(z.string(), z.string())),
        add: maybe(z.record(z.string(), z.string())),
        remove: maybe(z.array(z.string()))
      })
    )
  })
)
const destination = z.looseObject({
  host: z.string(),
  subset: maybe(z.string()),
  port: maybe(z.looseObject({ number: maybe(z.number()) }))
})
const match = z.looseObject({
  uri: maybe(stringMatch),
  method: maybe(stringMatch),
  scheme: maybe(stringMatch),
  authority: maybe(stringMatch),
  headers: stringMatches,
  withoutHeaders: stringMatches,
  queryParams: stringMatches,
  port: maybe(z.number()),
  sourceLabels: maybe(z.record(z.string(), z.string())),
  sourceNamespace: maybe(z.string()),
  gateways: maybe(z.array(z.string())),
  ignoreUriCase: maybe(z.boolean())
})
const percentage = maybe(z.looseObject({ value: maybe(z.number()) }))
const httpRoute = z.looseObject({
  match: maybe(z.array(match)),
  route: maybe(z.array(z.looseObject({ destination, weight: maybe(z.number()), headers }))),
  redirect: maybe(z.looseObject({})),
  directResponse: maybe(z.looseObject({ status: maybe(z.number()) })),
  delegate: maybe(z.looseObject({ name: maybe(z.string()), namespace: maybe(z.string()) })),
  rewrite: maybe(
    z.looseObject({
      uri: maybe(z.string()),
      authority: maybe(z.string()),
      uriRegexRewrite: maybe(z.looseObject({ match: maybe(z.string()), rewrite: maybe(z.string()) }))
    })
  ),
  fault: maybe(z.looseObject({ abort: maybe(z.looseObject({ percentage })) })),
  headers
})

/** Spec of a VirtualService. Loose objects keep unknown fields, because a fix writes the whole object back. */
export const virtualServiceSpec = z.looseObject({
  hosts: listOf(z.string()),
  gateways: listOf(z.string()),
  exportTo: maybe(z.array(z.string())),
  http: maybe(z.array(httpRoute))
})

export type HttpRoute = z.output<typeof httpRoute>
export type HttpMatch = z.output<typeof match>
export type StringMatch = z.output<typeof stringMatch>
