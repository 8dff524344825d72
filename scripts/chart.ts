/** What the chart says that follows from the code: the schema of its values, and the roles. */
import { isDeepStrictEqual } from 'node:util'
import { stringify } from 'yaml'
import { z } from 'zod'
import { configSchema } from '../src/config.ts'
import { NAME } from '../src/keeper/names.ts'
import { type RoleOptions, rolesFor } from '../src/keeper/rbac.ts'
import { DEFAULT_SETTINGS } from '../src/model/snapshot.ts'

const text = z.string().min(1)
const texts = z.record(z.string(), z.string())
/** What goes into the pods as it is; the API server knows what may stand there. */
const anything = z.record(z.string(), z.unknown())
const anythings = z.array(anything)
const duration = z.string().regex(/^(\d+(h|m|s))+$/)

/** All but what the chart knows itself. */
const config = configSchema.omit({ controller: true }).extend({
  server: configSchema.shape.server.unwrap().pick({ shutdownDelaySeconds: true, maxInFlight: true }).prefault({})
})

const disabled = { properties: { enabled: { const: false } } }
const named = { properties: { issuerRef: { properties: { name: { minLength: 1 } } } } }

const valuesSchema = z.strictObject({
  replicas: z.int().min(1),
  image: z.strictObject({
    repository: text,
    tag: z.string().describe('Default: the appVersion of the chart'),
    digest: z
      .string()
      .regex(/^(sha256:[0-9a-f]{64})?$/)
      .describe('Counts instead of the tag'),
    pullPolicy: z.enum(['Always', 'IfNotPresent', 'Never'])
  }),
  imagePullSecrets: z.array(z.strictObject({ name: text })),
  config: config.describe('The configuration of the guard'),
  service: z.strictObject({ port: z.int().min(1).max(65_535) }),
  certManager: z
    .strictObject({
      enabled: z.boolean(),
      issuerRef: z.strictObject({ name: z.string(), kind: text, group: text }),
      duration,
      renewBefore: duration
    })
    .meta({ anyOf: [disabled, named] })
    .describe('Instead of a certificate that the guard keeps by itself'),
  priorityClassName: z.string(),
  resources: anything,
  nodeSelector: texts,
  tolerations: anythings,
  affinity: anything,
  podLabels: texts,
  podAnnotations: texts,
  serviceAccount: z.strictObject({ annotations: texts }),
  networkPolicy: z.strictObject({ enabled: z.boolean() }),
  serviceMonitor: z.strictObject({ enabled: z.boolean(), interval: duration, labels: texts }),
  prometheusRule: z.strictObject({ enabled: z.boolean(), labels: texts, runbookUrl: z.url() }),
  global: anything.optional().describe('What Helm hands to each chart that is part of another; not read')
})

/** Draft 7 is what every Helm knows. */
export function makeValuesSchema(): string {
  const schema = z.toJSONSchema(valuesSchema, { io: 'input', target: 'draft-7', override: listKeys })
  return `${JSON.stringify(schema, undefined, 2)}\n`
}

/** Of a key that is not in a list of names Helm would not say where it stands; of a property that is not there it does. */
function listKeys({ jsonSchema: schema }: { readonly jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  const { propertyNames, additionalProperties = {} } = schema
  if (typeof propertyNames !== 'object' || propertyNames.enum === undefined) return
  schema.properties = Object.fromEntries(propertyNames.enum.map(name => [String(name), additionalProperties]))
  schema.additionalProperties = false
  delete schema.propertyNames
}

/** Stands for each of the namespaces whose ConfigMaps are read, in turn. */
const EACH = '{{ $namespace }}'
const OWN = '{{ $.Release.Namespace }}'

const SELF_SIGNED = { enabled: true, certificates: 'selfSigned', reports: 'auto' } as const

function rolesOf(options: Pick<RoleOptions, 'enabled' | 'certificates' | 'reports'>): readonly object[] {
  const settings = { ...DEFAULT_SETTINGS, istioNamespace: EACH, knativeNamespace: EACH, kserveNamespace: EACH }
  return rolesFor({ namespace: OWN, serviceAccount: NAME, settings, ...options })
}

/** What decides which of two roles it is, and the roles by the other option. */
const CHOICES = [
  ['.Values.certManager.enabled', rolesOf({ ...SELF_SIGNED, certificates: 'mounted' })],
  ['eq (dig "audit" "reports" "auto" .Values.config) "off"', rolesOf({ ...SELF_SIGNED, reports: 'off' })]
] as const

/** The roles by all options, as a template: each once where the options agree. No role depends on two of them. */
export function makeRoles(): string {
  const all = rolesOf(SELF_SIGNED).map((role, i) => ({
    isOfEach: JSON.stringify(role).includes(EACH),
    document: toTemplate(role, i)
  }))
  const documents = (ofEach: boolean) =>
    all.flatMap(({ isOfEach, document }) => (isOfEach === ofEach ? ['---', document] : []))
  const names = (['istioNamespace', 'knativeNamespace', 'kserveNamespace'] as const).map(
    key => `(dig "mesh" "${key}" "${DEFAULT_SETTINGS[key]}" .Values.config)`
  )
  return [
    '{{- /* Generated from src/keeper/rbac.ts by `npm run generate`. */}}',
    `{{- $read := list ${names.join(' ')} | uniq }}`,
    '{{- if has .Release.Namespace $read }}',
    '{{- fail (printf "namespace %s is one of config.mesh: what lies beside the guard is never judged, so it needs a namespace of its own" .Release.Namespace) }}',
    '{{- end }}',
    ...documents(false),
    '{{- range $namespace := $read }}',
    ...documents(true),
    '{{- end }}',
    ''
  ].join('\n')
}

const LABELS = '\n  labels: {{- include "kserve-mesh-guard.labels" $ | nindent 4 }}'
const METADATA = `metadata:\n  name: ${NAME}`

const toDocument = (role: object) =>
  stringify(role, { lineWidth: 0, aliasDuplicateObjects: false }).trimEnd().replace(METADATA, `$&${LABELS}`)

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
