import { z } from 'zod'
import { NAME } from './controller/names.ts'
import { RULES } from './rules/index.ts'
import { suggest } from './sources/suggest.ts'
import { KINDS } from './state/resource.ts'
import { DEFAULT_SETTINGS } from './state/settings.ts'

/** Ids of all rules, sorted. */
export const RULE_IDS: readonly string[] = [...Object.values(RULES.failures), ...RULES.checks]
  .map(({ id }) => id)
  .sort()

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const
export const MODES = ['deny', 'warn', 'audit', 'off'] as const

const modes = z
  .partialRecord(z.enum(RULE_IDS as [string, ...string[]]), z.enum(MODES))
  .describe('Mode by rule id, in place of the default mode of the rule')
const name = z.string().min(1)
const port = z.int().min(0).max(65_535)

/** A string from a fixed list; the error for any other string suggests the nearest. */
const known = (what: string, words: readonly string[]) =>
  z.enum(words as [string, ...string[]], {
    error: ({ input }) => (typeof input === 'string' ? `unknown ${what}${suggest(input, words)}` : undefined)
  })

const exception = z.strictObject({
  rule: known('rule', RULE_IDS).describe('Rule id whose findings are suppressed'),
  selector: z
    .strictObject({
      namespaces: z.array(name).min(1).optional().describe('Namespace names (a Namespace object matches its own name)'),
      kind: known('kind', Object.keys(KINDS)).optional().describe('Kind of the object'),
      name: name.optional().describe('Name of the object'),
      matchLabels: z.record(z.string(), z.string()).optional().describe('Labels of the object; all must match')
    })
    .refine(
      selector => Object.keys(selector).length > 0,
      'selects no objects; to suppress all findings of the rule, set its mode to off'
    )
    .describe('Objects whose findings are suppressed; an object must match every field'),
  reason: name.describe('Reason, shown with each suppressed finding'),
  owner: name.describe('Owner of the exception, for example a team name'),
  expires: z.iso.date().describe('Last day on which the exception applies, in UTC, as YYYY-MM-DD')
})

const labelSelector = z.strictObject({
  matchLabels: z.record(z.string(), z.string()).default({}).describe('Labels of the Namespace; all must match'),
  matchExpressions: z
    .array(
      z.strictObject({
        key: z.string().describe('Label key'),
        operator: z
          .enum(['In', 'NotIn', 'Exists', 'DoesNotExist'])
          .describe('Relation between the label value and `values`'),
        values: z.array(z.string()).default([]).describe('Label values, for In and NotIn')
      })
    )
    .default([])
    .describe('Label selector requirements, as in a Kubernetes LabelSelector; all must match')
})

export const configSchema = z.strictObject({
  rules: modes.default({}),
  defaultMode: z
    .enum(MODES)
    .optional()
    .describe('Mode of every rule that `rules` does not list; default: the default mode of each rule'),
  namespaces: z
    .array(
      z.strictObject({ selector: labelSelector, rules: modes.describe('Mode by rule id in the selected namespaces') })
    )
    .default([])
    .describe('Modes for objects in selected namespaces; a later entry takes precedence over an earlier one'),
  unevaluated: z
    .enum(['warn', 'deny'])
    .default('warn')
    .describe('Decision for a change that could not be evaluated completely'),
  exceptions: z
    .array(exception)
    .default([])
    .describe('Suppressed findings, with owner, reason and expiry date; listed under `skipped`'),
  mesh: z
    .strictObject({
      rootNamespace: name.optional().describe('Istio root namespace; default: rootNamespace of the mesh configuration'),
      trustDomain: name.optional().describe('Istio trust domain; default: trustDomain of the mesh configuration'),
      clusterDomain: name.default(DEFAULT_SETTINGS.clusterDomain).describe('DNS domain of the cluster'),
      istioNamespace: name
        .optional()
        .describe('Namespace of istiod and its ConfigMaps; default: discovered from the injection webhooks'),
      istioRevisions: z
        .array(name)
        .optional()
        .describe('Revisions of Istio besides the default one, whose ConfigMaps are read as well'),
      knativeNamespace: name
        .optional()
        .describe('Namespace of Knative Serving and its ConfigMaps; default: discovered from its webhooks'),
      kserveNamespace: name
        .optional()
        .describe('Namespace of the KServe controller and its ConfigMap; default: discovered from its webhooks')
    })
    .prefault({}),
  server: z
    .strictObject({
      host: name.default('127.0.0.1').describe('Listen address of the webhook and health servers; 0.0.0.0 in a pod'),
      port: port.default(8443).describe('Port of the webhook server (HTTPS); 0 picks a free port'),
      healthPort: port.default(8080).describe('Port of /livez, /readyz and /metrics (HTTP); 0 picks a free port'),
      shutdownDelaySeconds: z
        .int()
        .min(0)
        .default(10)
        .describe('Seconds from SIGTERM until the server stops listening; requests are still answered meanwhile'),
      maxInFlight: z
        .int()
        .min(1)
        .default(64)
        .describe('Maximum requests in flight; further requests get 503 with Retry-After'),
      certDir: name
        .default('certs')
        .describe('Directory of tls.crt, tls.key and, with controller.certificates: mounted, ca.crt')
    })
    .prefault({}),
  controller: z
    .strictObject({
      enabled: z
        .boolean()
        .default(false)
        .describe(
          'Manage the webhook configurations, the certificate and reports in the cluster; requires POD_NAMESPACE'
        ),
      certificates: z
        .enum(['selfSigned', 'mounted'])
        .default('selfSigned')
        .describe(
          'Source of the serving certificate: selfSigned, issued by an own CA and stored in a Secret; mounted, read from server.certDir'
        ),
      service: z
        .strictObject({
          name: name.default(NAME).describe('Service name that the API server calls, in the namespace of the guard'),
          port: port.default(443).describe('Service port that the API server calls')
        })
        .prefault({})
    })
    .prefault({}),
  audit: z
    .strictObject({
      reports: z
        .enum(['auto', 'off'])
        .default('auto')
        .describe(
          'Write audit findings to the cluster: auto, as Report (openreports.io) or else PolicyReport (wgpolicyk8s.io); off, do not write'
        )
    })
    .prefault({}),
  log: z.strictObject({ level: z.enum(LOG_LEVELS).default('info').describe('Minimum log level') }).prefault({})
})

export type Config = Readonly<z.output<typeof configSchema>>
