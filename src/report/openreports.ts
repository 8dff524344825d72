import type { Decision } from '../engine/decide.ts'
import type { Suppression } from '../engine/exceptions.ts'
import type { Finding } from '../engine/finding.ts'
import { modelKey } from '../engine/incremental/evaluate.ts'
import type { Skip } from '../engine/incremental/skip.ts'
import { getOrAdd } from '../state/map.ts'
import { namespaceOf, type Ref, toRef } from '../state/resource.ts'
import type { Snapshot } from '../state/snapshot.ts'
import { effectLines } from './text.ts'

/** Custom resource that stores findings. */
export interface ReportApi {
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly kind: string
}

/** In order of preference: OpenReports is the successor of PolicyReport. */
export const REPORT_APIS: readonly ReportApi[] = [
  { group: 'openreports.io', version: 'v1alpha1', plural: 'reports', kind: 'Report' },
  { group: 'wgpolicyk8s.io', version: 'v1alpha2', plural: 'policyreports', kind: 'PolicyReport' }
]

export const SOURCE = 'kserve-mesh-guard'
/** Label of the reports that this controller writes. */
export const MANAGED_BY = { 'app.kubernetes.io/managed-by': SOURCE } as const
/** Name of a namespace's report, and prefix of the names of its InferenceServices' reports. */
export const REPORT_NAME = 'mesh-guard'

/** Keeps a report below etcd's limit of 1.5 MiB; further results appear only in the summary. */
export const MAX_RESULTS = 200

interface Result {
  readonly source: string
  readonly policy: string
  readonly result: 'fail' | 'warn' | 'error' | 'skip'
  readonly message: string
  readonly [field: string]: unknown
}

/** Desired report. It has no timestamp, so that an audit with equal findings writes nothing. */
export interface WantedReport {
  readonly namespace: string
  readonly name: string
  readonly apiVersion: string
  readonly kind: string
  readonly content: { readonly summary: object; readonly results: readonly Result[]; readonly [field: string]: unknown }
}

interface Collected {
  readonly namespace: string
  readonly scope: Ref
  readonly results: Result[]
}

/**
 * Reports of an audit: one for each InferenceService with findings, wherever the object at fault is, and one for each
 * namespace with findings that concern no InferenceService.
 *
 * @param home namespace of the report with findings about cluster-scoped objects, and with evaluations that were skipped
 */
export function toReports(
  { findings, notEvaluated, suppressed }: Omit<Decision, 'decision' | 'existing'>,
  state: Snapshot,
  { group, version, kind }: ReportApi,
  home: string
): readonly WantedReport[] {
  const reports = new Map<string, Collected>()
  const add = (namespace: string, scope: Ref, result: Result) =>
    getOrAdd(
      reports,
      `${scope.kind} ${modelKey(scope)}`,
      (): Collected => ({ namespace, scope, results: [] })
    ).results.push(result)
  const models = new Map(state.list('InferenceService').map(one => [modelKey(one), toRef(one)]))
  for (const finding of findings) {
    for (const [key, part] of partsOf(finding)) {
      const model = models.get(key)
      const namespace = model?.namespace ?? (namespaceOf(finding.object) || home)
      add(namespace, model ?? namespaceRef(namespace), toResult(part))
    }
  }
  for (const skip of notEvaluated.toSorted(byText)) add(home, namespaceRef(home), toError(skip))
  for (const one of suppressed.toSorted(byText)) add(home, namespaceRef(home), toSkipped(one))
  return [...reports.values()].map(({ namespace, scope, results }) => ({
    namespace,
    name: scope.kind === 'Namespace' ? REPORT_NAME : `${REPORT_NAME}-inferenceservice-${scope.name}`,
    apiVersion: `${group}/${version}`,
    kind,
    content: toContent(scope, results)
  }))
}

/** The finding by InferenceService, each with its own effects; the key is empty if it concerns none. */
function partsOf(finding: Finding): ReadonlyMap<string, Finding> {
  const { object, blocked, exposes } = finding
  const affected = new Set<string>([...blocked, ...exposes].map(({ inferenceService = '' }) => inferenceService))
  if (object.kind === 'InferenceService') affected.add(modelKey(object))
  if (affected.size === 0) affected.add('')
  const isOf = (model: string) => (one: { readonly inferenceService: string | undefined }) =>
    (one.inferenceService ?? '') === model
  return new Map(
    [...affected].map(model => [
      model,
      { ...finding, blocked: blocked.filter(isOf(model)), exposes: exposes.filter(isOf(model)) }
    ])
  )
}

const namespaceRef = (name: string): Ref => ({ apiVersion: 'v1', kind: 'Namespace', namespace: '', name })

/** Length in characters: one finding can affect thousands of callers. */
const MAX_EFFECT_LENGTH = 1_000

function toResult({
  rule,
  category,
  severity,
  mode,
  object,
  field,
  message,
  docs,
  fix,
  blocked,
  exposes
}: Finding): Result {
  const effect = effectLines({ blocked, exposes }).join('; ').slice(0, MAX_EFFECT_LENGTH)
  return {
    source: SOURCE,
    policy: rule,
    category,
    severity,
    result: mode === 'deny' ? 'fail' : 'warn',
    scored: mode === 'deny',
    resources: [toObjectReference(object)],
    message,
    properties: { mode, field, fix: fix.text, docs, ...(effect === '' ? {} : { effect }) }
  }
}

function toError({ rule, reason }: Skip): Result {
  return { source: SOURCE, policy: rule, result: 'error', scored: false, message: `not evaluated: ${reason}` }
}

function toSkipped({ rule, reason }: Suppression): Result {
  return { source: SOURCE, policy: rule, result: 'skip', scored: false, message: reason }
}

/** An ObjectReference to a cluster-scoped object has no namespace field. */
function toObjectReference({ namespace, ...rest }: Ref): object {
  return namespace === '' ? rest : { ...rest, namespace }
}

function toContent(scope: Ref, results: readonly Result[]): WantedReport['content'] {
  const count = (wanted: Result['result']) => results.filter(({ result }) => result === wanted).length
  return {
    scope: toObjectReference(scope),
    summary: { pass: 0, fail: count('fail'), warn: count('warn'), error: count('error'), skip: count('skip') },
    results: results.slice(0, MAX_RESULTS)
  }
}

function byText(a: object, b: object): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1
}
