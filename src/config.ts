import { LineCounter, parseDocument } from 'yaml'
import { z } from 'zod'
import { NAME } from './keeper/names.ts'
import { KINDS } from './model/resource.ts'
import { DEFAULT_SETTINGS } from './model/snapshot.ts'
import { RULES } from './rules/index.ts'
import { InvalidInput, readText } from './sources/files.ts'
import { toField } from './sources/manifest.ts'
import { suggest } from './sources/suggest.ts'
import { lineAt } from './sources/yaml.ts'

/** The ids of all rules, in order. */
export const RULE_IDS: readonly string[] = [...Object.values(RULES.cuts), ...RULES.checks].map(({ id }) => id).sort()

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const
export const MODES = ['deny', 'warn', 'audit', 'off'] as const

const modes = z
  .partialRecord(z.enum(RULE_IDS as [string, ...string[]]), z.enum(MODES))
  .describe('What admission does about the findings of a rule, where that is not the default')
const name = z.string().min(1)
const port = z.int().min(0).max(65_535)

/** One of the words that there are; any other is told the nearest. */
const known = (what: string, words: readonly string[]) =>
  z.enum(words as [string, ...string[]], {
    error: ({ input }) => (typeof input === 'string' ? `there is no such ${what}${suggest(input, words)}` : undefined)
  })

const exception = z.strictObject({
  rule: known('rule', RULE_IDS).describe('The rule whose findings are excepted'),
  selector: z
    .strictObject({
      namespaces: z.array(name).min(1).optional().describe('By name; a Namespace lies in itself'),
      kind: known('kind', Object.keys(KINDS)).optional().describe('Of the object'),
      name: name.optional().describe('Of the object'),
      matchLabels: z.record(z.string(), z.string()).optional().describe('Labels that the object has')
    })
    .refine(selector => Object.keys(selector).length > 0, 'names no objects; to leave out all, set the rule to off')
    .describe('The objects that the findings are about: those that have all that is said here'),
  reason: name.describe('Shown wherever the exception is used'),
  owner: name.describe('Who answers for it'),
  expires: z.iso.date().describe('The last day on which it holds, in UTC, such as 2027-01-31')
})

const labelSelector = z.strictObject({
  matchLabels: z.record(z.string(), z.string()).default({}).describe('Labels that the Namespace has'),
  matchExpressions: z
    .array(
      z.strictObject({
        key: z.string().describe('The label'),
        operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']).describe('What is asked of the label'),
        values: z.array(z.string()).default([]).describe('For In and NotIn')
      })
    )
    .default([])
    .describe('As in a selector of Kubernetes')
})

export const configSchema = z.strictObject({
  rules: modes.default({}),
  namespaces: z
    .array(z.strictObject({ selector: labelSelector, rules: modes.describe('Modes there') }))
    .default([])
    .describe('Modes for objects in some namespaces; a later entry counts before an earlier one'),
  unevaluated: z
    .enum(['warn', 'deny'])
    .default('warn')
    .describe('What to do about a change that could not be judged in full'),
  exceptions: z
    .array(exception)
    .default([])
    .describe('Findings that count for nothing, until a day; they are shown as skipped, with the reason'),
  mesh: z
    .strictObject({
      rootNamespace: name.optional().describe("Default: what Istio's mesh configuration says"),
      trustDomain: name.optional().describe("Default: what Istio's mesh configuration says"),
      clusterDomain: name.default(DEFAULT_SETTINGS.clusterDomain).describe('What names of Services end in'),
      istioNamespace: name.default(DEFAULT_SETTINGS.istioNamespace).describe('Where istiod and its ConfigMaps lie'),
      knativeNamespace: name
        .default(DEFAULT_SETTINGS.knativeNamespace)
        .describe('Where Knative Serving, its gateways and its ConfigMaps lie'),
      kserveNamespace: name.default(DEFAULT_SETTINGS.kserveNamespace).describe('Where KServe and its ConfigMap lie')
    })
    .prefault({}),
  server: z
    .strictObject({
      host: name.default('127.0.0.1').describe('The address to listen at; in a pod, 0.0.0.0'),
      port: port.default(8443).describe('The webhook, by TLS'),
      healthPort: port.default(8080).describe('/livez, /readyz and /metrics, in plain HTTP'),
      shutdownDelaySeconds: z
        .int()
        .min(0)
        .default(10)
        .describe('Seconds between SIGTERM and the end of listening; requests are still answered meanwhile'),
      maxInFlight: z
        .int()
        .min(1)
        .default(64)
        .describe('Maximum requests in flight; further requests get 503 with Retry-After'),
      certDir: name
        .default('certs')
        .describe('Folder of tls.crt, tls.key and, with controller.certificates: mounted, ca.crt')
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
          'Whether the keeper writes what its audits find into the cluster: auto, as Report (openreports.io) or PolicyReport (wgpolicyk8s.io), whichever the cluster has'
        )
    })
    .prefault({}),
  log: z
    .strictObject({ level: z.enum(LOG_LEVELS).default('info').describe('What is logged, from this level up') })
    .prefault({})
})

export type Config = Readonly<z.output<typeof configSchema>>

/**
 * Reads the configuration; without a file, everything is as by default.
 *
 * @throws {InvalidInput} with file, line and the nearest right name for each fault.
 */
export function readConfig(file: string | undefined): Config {
  return parseConfig(readConfigText(file), file)
}

/** @throws {InvalidInput} */
export function readConfigText(file: string | undefined): string {
  return file === undefined ? '' : readText(file)
}

/**
 * @param file where the text is from, for messages; a text without a file is empty, and has no faults
 * @throws {InvalidInput}
 */
export function parseConfig(text: string, file: string | undefined): Config {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  const [syntax] = document.errors
  if (syntax !== undefined) {
    throw new InvalidInput([`${file}:${lines.linePos(syntax.pos[0]).line}: ${syntax.message.split('\n', 1)[0]}`])
  }
  const { data, error } = configSchema.safeParse(document.toJS() ?? {})
  if (data !== undefined) return data
  throw new InvalidInput(
    error.issues.flatMap(toFaults).map(({ path, message }) => {
      const known = path.filter(part => typeof part !== 'symbol')
      const field = path.length === 0 ? '' : `${toField(path)}: `
      return `${file}:${lineAt(document, lines, known)}: ${field}${message}`
    })
  )
}

interface Fault {
  readonly path: readonly PropertyKey[]
  readonly message: string
}

function toFaults(issue: z.core.$ZodIssue): readonly Fault[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map(key => ({
      path: [...issue.path, key],
      message: `there is no such key${suggest(key, keysAt(issue.path))}`
    }))
  }
  return [{ path: issue.path, message: issue.message }]
}

type Schema = z.core.JSONSchema.BaseSchema

/** The keys that the schema has at a path. */
function keysAt(path: readonly PropertyKey[]): readonly string[] {
  let schema: Schema = z.toJSONSchema(configSchema, { io: 'input' })
  for (const part of path) {
    schema = (typeof part === 'number' ? schema.items : schema.properties?.[String(part)]) as Schema
  }
  const { propertyNames, properties = {} } = schema
  return typeof propertyNames === 'object' ? (propertyNames.enum as readonly string[]) : Object.keys(properties)
}
