import { OWN_IDENTITY, UNAUTHENTICATED } from '../engine/access-to-model.ts'
import { nameOf } from '../state/resource.ts'
import type { AccessPathView, AccessView, CallsView, WorkloadView } from './access.ts'
import { entryLabel } from './explanation-text.ts'
import { groupBy } from './group.ts'
import { ACTIVATOR_MODES, NOT_MODELED, principalName, STATUS_LABELS } from './hop-text.ts'
import { installationLines } from './installation.ts'
import { listNames, plural, skipLine, suppressionLine } from './text.ts'

/** How much is printed of calls with equal results. */
export interface Detail {
  readonly listNames: (names: readonly string[]) => string
  /** Lines below a result. Results with different lines are not merged. */
  readonly linesOf: (calls: CallsView) => readonly string[]
}

/** Text output: for each model, workloads and addresses with equal results together. */
export function toAccessText(access: AccessView): string {
  return accessText(access, {
    listNames: names => listNames(names),
    linesOf: ({ paths }) => [...new Set(paths.flatMap(failureLines))]
  })
}

export function accessText(access: AccessView, detail: Detail): string {
  const { models, workloads, notEvaluated, skipped } = access
  if (models.length + notEvaluated.length + skipped.length === 0) return 'no InferenceService found'
  const names = workloads.map(workloadName)
  return [
    ...models.flatMap(({ inferenceService, modeled, calls }) => [
      `${inferenceService}: ${modeled ? callersSummary(calls) : NOT_MODELED}`,
      ...modelLines(calls, names, detail)
    ]),
    ...tailLines(access)
  ].join('\n')
}

/** What concerns no single model. */
export const tailLines = ({ notEvaluated, skipped, installation }: AccessView): readonly string[] => [
  ...notEvaluated.map(skipLine),
  ...skipped.map(suppressionLine),
  ...installationLines(installation)
]

/** How many of the workloads can call the model. */
export function callersSummary(calls: readonly CallsView[]): string {
  const all = new Set(calls.flatMap(({ workloads }) => workloads))
  const able = new Set(calls.flatMap(({ verdict, workloads }) => (verdict === 'ok' ? workloads : [])))
  return all.size === 0 ? 'no other workload runs' : `${able.size} of ${plural(all.size, 'workload')} can call it`
}

const ORDER = ['ok', 'blocked', 'unknown'] as const

/** One line for each result: workloads with it, then addresses with the same workloads. */
function modelLines(
  calls: readonly CallsView[],
  names: readonly string[],
  { listNames: list, linesOf }: Detail
): readonly string[] {
  const described = calls.map(one => ({
    ...one,
    via: addressName(one.via),
    result: resultText(one),
    lines: [...linesOf(one), ...noteLines(one)]
  }))
  const byResult = groupBy(described, ({ via, result, lines }) => JSON.stringify([via, result, lines]))
  const merged = [...byResult.values()].map(group => ({
    ...group[0],
    workloads: group.flatMap(({ workloads }) => workloads).sort((a, b) => a - b)
  }))
  const byWorkloads = groupBy(merged, ({ workloads, result, lines }) => JSON.stringify([workloads, result, lines]))
  return ORDER.flatMap(wanted => [...byWorkloads.values()].filter(([{ verdict }]) => verdict === wanted)).flatMap(
    group => {
      const [{ verdict, workloads, result, lines }] = group
      const own = new Set(workloads.map(position => `${names[position]}`))
      const addresses = group.map(({ via }) => via).join(' or ')
      return [
        `  ${STATUS_LABELS[verdict]} ${list([...own])} ${addresses}: ${result}`,
        ...lines.map(line => `    ${line}`)
      ]
    }
  )
}

/** How a call addresses the model. */
export function addressName(via: string): string {
  if (via === 'address' || via === 'component') return entryLabel({ caller: 'in-mesh', via })
  return via.startsWith('canary ') ? `via ${via}` : `via ${via} host`
}

/** The worst paths count; of a call that is not open, those that are open follow. */
function resultText({ verdict, paths }: CallsView): string {
  const textsOf = (wanted: CallsView['verdict']) => [
    ...new Set(paths.filter(path => path.verdict === wanted).map(pathText))
  ]
  const open = verdict === 'ok' ? [] : textsOf('ok').map(text => `but ok ${text}`)
  return [...textsOf(verdict), ...open].join('; ')
}

const DATA_PLANE = { sidecar: '', ztunnel: ' (ambient)', none: ' (no sidecar)' } as const

/** Name, and its data plane if it is not a sidecar. */
export function workloadName({ namespace, name, proxy }: WorkloadView): string {
  return `${namespace}/${name}${DATA_PLANE[proxy]}`
}

/** Activator mode, hop that is not open, and identity. */
export function pathText({ activatorMode, revision, verdict, hops, identities, jwtRequired }: AccessPathView): string {
  return [
    ...(activatorMode === undefined ? [] : [ACTIVATOR_MODES[activatorMode]]),
    ...(revision === undefined ? [] : [`${revision} revision`]),
    ...(verdict === 'ok' ? [] : [`at ${hops.at(-1)}`]),
    ...(identities.length === 0 ? [] : [identities.map(identityName).join(' or ')]),
    ...(jwtRequired ? ['with a JWT'] : [])
  ].join(', ')
}

function identityName(identity: string): string {
  if (identity === UNAUTHENTICATED) return identity
  return identity === OWN_IDENTITY ? 'as the caller' : `as ${principalName(identity)}`
}

function failureLines({ failure, unknownReason }: AccessPathView): readonly string[] {
  if (unknownReason !== undefined) return [`unknown: ${unknownReason}`]
  if (failure === undefined) return []
  const { rule, message, object, field } = failure
  return [`${rule}: ${message}`, ...(object === undefined ? [] : [`at ${nameOf(object)} ${field}`])]
}

/** What can still reject the requests. */
function noteLines({ paths }: CallsView): readonly string[] {
  return [...new Set(paths.flatMap(({ notEvaluated }) => notEvaluated))].map(reason => `note: ${reason}`)
}
