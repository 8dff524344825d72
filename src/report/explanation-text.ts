import { nameOf } from '../state/resource.ts'
import type { CallResultView } from './call-result.ts'
import type { Side } from './connection-sides.ts'
import type { Explanation, FailureView, HopView, ModelView, PathView } from './explanation.ts'
import { type Group, groupBy } from './group.ts'
import { installationLines } from './installation.ts'
import { fixLines, listNames, skipLine, suppressionLine } from './text.ts'

/** Text output: for each model, paths with equal results together, and equal hops only once. */
export function toExplanationText({ models, notEvaluated, skipped, installation }: Explanation): string {
  if (models.length + notEvaluated.length + skipped.length === 0) return 'no InferenceService found'
  return [
    ...models.flatMap(({ inferenceService, paths, unpublished }) => [
      `${inferenceService}: ${count(paths)}`,
      ...unpublished.map(unpublishedLine),
      ...modelLines(paths)
    ]),
    ...notEvaluated.map(skipLine),
    ...skipped.map(suppressionLine),
    ...installationLines(installation)
  ].join('\n')
}

function unpublishedLine({ caller, reason, object, field }: ModelView['unpublished'][number]): string {
  return `  NOT PUBLISHED for ${caller} callers: ${reason} (${nameOf(object)} ${field})`
}

export const NOT_MODELED = 'no request paths: ModelMesh pods are shared and are not modeled'

function count(paths: readonly PathView[]): string {
  if (paths.length === 0) return NOT_MODELED
  const counts = (['ok', 'blocked', 'unknown'] as const).flatMap(wanted => {
    const { length } = paths.filter(({ verdict }) => verdict === wanted)
    return length === 0 ? [] : [`${length} ${wanted}`]
  })
  return `${counts.join(', ')} of ${paths.length} paths`
}

function modelLines(paths: readonly PathView[]): readonly string[] {
  const groups = groupBy(paths, ({ activatorMode, revision, hops }) => JSON.stringify([activatorMode, revision, hops]))
  const hasClasses = paths.some(
    ({ caller, callerNamespaces }) => caller === 'in-mesh' && callerNamespaces !== undefined
  )
  const shown = new Set<string>()
  return [...groups.values()].flatMap(group => groupLines(group, hasClasses, shown))
}

function groupLines(group: Group<PathView>, hasClasses: boolean, shown: Set<string>): readonly string[] {
  const [{ activatorMode, revision, verdict, hops }] = group
  const byCaller = groupBy(group, path => callerLabel(path, hasClasses))
  const callers = [...byCaller].map(([name, same]) => `${name} ${same.map(entryLabel).join(' or ')}`).join('; ')
  const mode = activatorMode === undefined ? '' : `, ${ACTIVATOR_MODES[activatorMode]}`
  return [
    `  ${STATUS_LABELS[verdict]} ${callers}${mode}${revision === undefined ? '' : ', previous revision'}`,
    ...hops.flatMap(hop => hopLines(hop, shown)).map(line => `    ${line}`)
  ]
}

export const ACTIVATOR_MODES = { serve: 'direct (Serve mode)', proxy: 'via activator (Proxy mode)' } as const
export const STATUS_LABELS = { ok: 'ok     ', blocked: 'BLOCKED', unknown: 'UNKNOWN' } as const

function callerLabel({ caller, callerNamespaces, expected }: PathView, hasClasses: boolean): string {
  const any = `any ${hasClasses ? 'other ' : ''}namespace`
  const where = caller === 'in-mesh' ? ` (${callerNamespaces === undefined ? any : listNames(callerNamespaces)})` : ''
  return `${caller}${where}${expected ? '' : ' (if any exist)'}`
}

export function entryLabel({ caller, via }: Pick<PathView, 'caller' | 'via'>): string {
  if (via === 'address') return 'via InferenceService URL'
  if (via === 'component') return 'via component host'
  return caller === 'external' ? `via ${via}` : via
}

/** @param shown hops and fixes that have been printed and are not repeated */
export function hopLines(
  { name, verdict, route, calls, failure, unknownReason }: HopView,
  shown: Set<string>
): readonly string[] {
  const unknown = unknownReason === undefined ? [] : [`unknown: ${unknownReason}`]
  const routed = route === undefined ? [] : [`route: ${nameOf(route.virtualService)} to ${route.destination}`]
  const facts = [...routed, ...new Set(calls.flatMap(callLines)), ...unknown]
  const head = `${STATUS_LABELS[verdict]} ${name}`
  if (!isNew(shown, [head, facts, failure?.message])) return [`${head}, as above`]
  const failed = failure === undefined ? [] : failureLines(failure, shown)
  return [head, ...[...facts, ...failed].map(line => `    ${line}`)]
}

function isNew(shown: Set<string>, what: unknown): boolean {
  const key = JSON.stringify(what)
  if (shown.has(key)) return false
  shown.add(key)
  return true
}

/** What the client sends, what the server accepts, the identity, and the authorization result. */
function callLines({ client, server, identity, authorization }: CallResultView): readonly string[] {
  return [
    `client sends ${client.description} (${reasonText(client)})`,
    `server accepts ${server.description} (${reasonText(server)})`,
    ...(authorization === undefined
      ? []
      : [`authz: ${authorization.description}, ${principalName(identity)} (${reasonText(authorization)})`])
  ]
}

/** Reason, and the objects and fields that configure it. */
function reasonText({ reason, configuredBy }: Side): string {
  if (configuredBy.length === 0) return reason
  const sources = configuredBy.map(({ object, field }) => `${nameOf(object)} ${field}`).join(', ')
  return `${reason}${reason.includes(':') ? ';' : ':'} ${sources}`
}

/** `namespace/account`, of `spiffe://<trust domain>/ns/<namespace>/sa/<account>`. */
export function principalName(identity: string | undefined): string {
  if (identity === undefined) return 'unauthenticated'
  const [namespace, account] = identity.replace(/^.*\/ns\//, '').split('/sa/')
  return namespace === '*' ? 'any mesh identity' : `${namespace}/${account}`
}

/** @param shown fixes that have been printed; their manifests are not repeated */
function failureLines({ rule, message, object, field, fix }: FailureView, shown: Set<string>): readonly string[] {
  const why = [`${rule}: ${message}`, ...(object === undefined ? [] : [`at ${nameOf(object)} ${field}`])]
  if (fix === undefined) return why
  const isKnown = fix.apply.length > 0 && !isNew(shown, fix)
  return [...why, ...(isKnown ? [`fix: ${fix.text} (as above)`] : fixLines(fix))]
}
