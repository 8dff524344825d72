import type { Finding } from '../engine/finding.ts'
import { modelKey } from '../engine/incremental/evaluate.ts'
import type { Skip } from '../engine/incremental/not-evaluated.ts'
import type { Severity } from '../rules/lib/rule.ts'
import { getOrAdd } from '../state/map.ts'
import { type Ref, toRef } from '../state/resource.ts'
import type { Snapshot } from '../state/snapshot.ts'
import { effectLines } from './text.ts'

/** A kind of the cluster that takes findings. */
export interface ReportApi {
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly kind: string
}

/** The first that a server has is the one to write to: the second has become the first. */
export const REPORT_APIS: readonly ReportApi[] = [
  { group: 'openreports.io', version: 'v1alpha1', plural: 'reports', kind: 'Report' },
  { group: 'wgpolicyk8s.io', version: 'v1alpha2', plural: 'policyreports', kind: 'PolicyReport' }
]

export const SOURCE = 'kserve-mesh-guard'
/** On each report that is ours. */
export const MANAGED_BY = { 'app.kubernetes.io/managed-by': SOURCE } as const
/** The report of a namespace; those of its InferenceServices begin so. */
export const REPORT_NAME = 'mesh-guard'

/** etcd takes objects of 1.5 MiB: results beyond these are counted, and no more. */
export const MOST_RESULTS = 200

interface Result {
  readonly source: string
  readonly policy: string
  readonly result: 'fail' | 'warn' | 'error'
  readonly message: string
  readonly [field: string]: unknown
}

/** A report as it should be. No time stands in it, so that what is found again changes nothing. */
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
 * The reports that a state deserves: one for each InferenceService that something is wrong with, wherever the fault lies,
 * and one for each namespace with what concerns no InferenceService.
 *
 * @param home the namespace whose report has what stands in no namespace, and what could not be judged
 */
export function toReports(
  { findings, skipped }: { readonly findings: readonly Finding[]; readonly skipped: readonly Skip[] },
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
      const namespace = model?.namespace ?? placeOf(finding.object, home)
      add(namespace, model ?? namespaceRef(namespace), toResult(part))
    }
  }
  for (const skip of skipped.toSorted(byText)) add(home, namespaceRef(home), toError(skip))
  return [...reports.values()].map(({ namespace, scope, results }) => ({
    namespace,
    name: scope.kind === 'Namespace' ? REPORT_NAME : `${REPORT_NAME}-inferenceservice-${scope.name}`,
    apiVersion: `${group}/${version}`,
    kind,
    content: toContent(scope, results)
  }))
}

/** What a finding is to each InferenceService, and, under no name, to none in particular. */
function partsOf(finding: Finding): ReadonlyMap<string, Finding> {
  const { object, cuts, opens } = finding
  const concerned = new Set<string>([...cuts, ...opens].map(({ inferenceService = '' }) => inferenceService))
  if (object.kind === 'InferenceService') concerned.add(modelKey(object))
  if (concerned.size === 0) concerned.add('')
  const isOf = (model: string) => (one: { readonly inferenceService: string | undefined }) =>
    (one.inferenceService ?? '') === model
  return new Map(
    [...concerned].map(model => [
      model,
      { ...finding, cuts: cuts.filter(isOf(model)), opens: opens.filter(isOf(model)) }
    ])
  )
}

function placeOf({ kind, namespace, name }: Ref, home: string): string {
  if (namespace !== '') return namespace
  return kind === 'Namespace' ? name : home
}

const namespaceRef = (name: string): Ref => ({ apiVersion: 'v1', kind: 'Namespace', namespace: '', name })

const SEVERITIES: Readonly<Record<Severity, string>> = {
  blocks: 'critical',
  latent: 'high',
  opens: 'medium',
  wastes: 'low',
  style: 'info'
}

/** A namespace may have rules of its own for each of thousands of callers. */
const MOST_EFFECTS = 1_000

function toResult({ rule, severity, mode, object, field, message, docs, fix, cuts, opens }: Finding): Result {
  const effect = effectLines({ cuts, opens }).join('; ').slice(0, MOST_EFFECTS)
  return {
    source: SOURCE,
    policy: rule,
    category: severity,
    severity: SEVERITIES[severity],
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

/** Objects of the whole cluster have no namespace, and not an empty one. */
function toObjectReference({ namespace, ...rest }: Ref): object {
  return namespace === '' ? rest : { ...rest, namespace }
}

function toContent(scope: Ref, results: readonly Result[]): WantedReport['content'] {
  const count = (wanted: Result['result']) => results.filter(({ result }) => result === wanted).length
  return {
    scope: toObjectReference(scope),
    summary: { pass: 0, fail: count('fail'), warn: count('warn'), error: count('error'), skip: 0 },
    results: results.slice(0, MOST_RESULTS)
  }
}

function byText(a: Skip, b: Skip): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1
}
