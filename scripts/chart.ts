/** Generates the values schema and the roles of the chart from the code. */
import { isDeepStrictEqual } from 'node:util'
import { stringify } from 'yaml'
import { z } from 'zod'
import { configSchema } from '../src/config-schema.ts'
import { NAME } from '../src/controller/names.ts'
import { type RoleOptions, rolesFor } from '../src/controller/rbac.ts'
import { DEFAULT_SETTINGS } from '../src/state/settings.ts'

const text = z.string().min(1)
const texts = z.record(z.string(), z.string())
/** Copied into the pod template unchanged and validated by the API server. */
const anything = z.record(z.string(), z.unknown())
const anythings = z.array(anything)
const duration = z.string().regex(/^(\d+(h|m|s))+$/)

/** The configuration without the keys that the chart sets. */
const config = configSchema.omit({ controller: true }).extend({
  server: configSchema.shape.server.unwrap().pick({ shutdownDelaySeconds: true, maxInFlight: true }).prefault({})
})

const disabled = { properties: { enabled: { const: false } } }
const named = { properties: { issuerRef: { properties: { name: { minLength: 1 } } } } }

const valuesSchema = z.strictObject({
  replicas: z.int().min(1),
  image: z.strictObject({
    repository: text,
    tag: z.string().describe('Image tag; default: appVersion of the chart'),
    digest: z
      .string()
      .regex(/^(sha256:[0-9a-f]{64})?$/)
      .describe('Image digest, takes precedence over the tag'),
    pullPolicy: z.enum(['Always', 'IfNotPresent', 'Never'])
  }),
  imagePullSecrets: z.array(z.strictObject({ name: text })),
  config: config.describe('Configuration of the guard, without the keys that the chart sets'),
  service: z.strictObject({ port: z.int().min(1).max(65_535) }),
  certManager: z
    .strictObject({
      enabled: z.boolean(),
      issuerRef: z.strictObject({ name: z.string(), kind: text, group: text }),
      duration,
      renewBefore: duration
    })
    .meta({ anyOf: [disabled, named] })
    .describe('Serving certificate from cert-manager, in place of the self-signed one'),
  commonLabels: texts,
  priorityClassName: z.string(),
  resources: anything,
  extraEnv: z.array(z.looseObject({ name: text })),
  nodeSelector: texts,
  tolerations: anythings,
  affinity: anything,
  topologySpreadConstraints: anythings,
  podLabels: texts,
  podAnnotations: texts,
  serviceAccount: z.strictObject({ annotations: texts }),
  networkPolicy: z.strictObject({ enabled: z.boolean() }),
  serviceMonitor: z.strictObject({ enabled: z.boolean(), interval: duration, labels: texts }),
  prometheusRule: z.strictObject({
    enabled: z.boolean(),
    labels: texts,
    runbookUrl: z.union([z.literal(''), z.url()])
  }),
  dashboard: z.strictObject({ enabled: z.boolean(), labels: texts, annotations: texts }),
  global: anything.optional().describe('Global values that Helm passes to subcharts; not used')
})

/** Every supported Helm version reads draft 7. */
export function makeValuesSchema(): string {
  const schema = z.toJSONSchema(valuesSchema, { io: 'input', target: 'draft-7', override: listKeys })
  return `${JSON.stringify(schema, undefined, 2)}\n`
}

/** Replaces `propertyNames` by `properties`: Helm prints the path of an unknown property, not of an invalid name. */
function listKeys({ jsonSchema: schema }: { readonly jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  const { propertyNames, additionalProperties = {} } = schema
  if (typeof propertyNames !== 'object' || propertyNames.enum === undefined) return
  schema.properties = Object.fromEntries(propertyNames.enum.map(name => [String(name), additionalProperties]))
  schema.additionalProperties = false
  delete schema.propertyNames
}

/** Placeholder for each revision of Istio whose ConfigMaps are read. */
const EACH = '{{ $revision }}'
const OWN = '{{ $.Release.Namespace }}'

const SELF_SIGNED = { enabled: true, certificates: 'selfSigned', reports: 'auto' } as const

function rolesOf(options: Pick<RoleOptions, 'enabled' | 'certificates' | 'reports'>): readonly object[] {
  const settings = { ...DEFAULT_SETTINGS, istioRevisions: [EACH] }
  return rolesFor({ namespace: OWN, serviceAccount: NAME, settings, ...options })
}

/** Template conditions, with the roles if the condition holds. */
const CHOICES = [
  ['.Values.certManager.enabled', rolesOf({ ...SELF_SIGNED, certificates: 'mounted' })],
  ['eq (dig "audit" "reports" "auto" .Values.config) "off"', rolesOf({ ...SELF_SIGNED, reports: 'off' })]
] as const

/** The roles as a template: a role that depends on an option is rendered for both values. No role depends on two options. */
export function makeRoles(): string {
  return [
    '{{- /* Generated from src/controller/rbac.ts by `npm run generate`. */}}',
    `{{- $namespaces := list ${NAMESPACES} }}`,
    '{{- if has .Release.Namespace $namespaces }}',
    '{{- fail (printf "namespace %s has a control plane: objects in the namespace of the guard are never evaluated; install it in a separate namespace" .Release.Namespace) }}',
    '{{- end }}',
    ...rolesOf(SELF_SIGNED).flatMap((role, i) => ['---', toTemplate(role, i)]),
    ''
  ].join('\n')
}

/** Namespaces of control planes: configured, or of their default installations. */
const NAMESPACES = (['istioNamespace', 'knativeNamespace', 'kserveNamespace'] as const)
  .map((key, i) => `(dig "mesh" "${key}" "${['istio-system', 'knative-serving', 'kserve'][i]}" .Values.config)`)
  .join(' ')

/** Resource names of each revision, as a loop. */
const OF_REVISIONS = new RegExp(`(\\n +- [^\\n]*${EACH.replaceAll(/[{}$]/g, '\\$&')})+`, 'g')

const toLoop = (lines: string) =>
  `\n{{- range $revision := dig "mesh" "istioRevisions" list .Values.config }}${lines}\n{{- end }}`

const LABELS = '\n  labels: {{- include "kserve-mesh-guard.labels" $ | nindent 4 }}'
const METADATA = `metadata:\n  name: ${NAME}`

const toDocument = (role: object) =>
  stringify(role, { lineWidth: 0, aliasDuplicateObjects: false })
    .trimEnd()
    .replace(METADATA, `$&${LABELS}`)
    .replaceAll(OF_REVISIONS, toLoop)

function toTemplate(role: object, i: number): string {
  const alternatives = CHOICES.flatMap(([condition, roles]) =>
    roles.slice(i, i + 1).map(other => ({ condition, other }))
  )
  const choice = alternatives.find(({ other }) => !isDeepStrictEqual(other, role))
  if (choice === undefined) return toDocument(role)
  return [
    `{{- if ${choice.condition} }}`,
    toDocument(choice.other),
    '{{- else }}',
    toDocument(role),
    '{{- end }}'
  ].join('\n')
}
