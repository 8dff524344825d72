import { createHash } from 'node:crypto'
import type { WantedReport } from '../report/openreports.ts'

/** Metadata of a report of the guard in the cluster. */
export interface ExistingReport {
  readonly namespace: string
  readonly name: string
  readonly version: string
  /** Digest of the content when the report was written; from its annotation. */
  readonly digest: string | undefined
}

/**
 * Desired report with a digest of its content. The digest is stored in an annotation, because comparing contents would
 * always differ on a server whose CRD version drops fields.
 */
export interface DigestedReport extends WantedReport {
  readonly digest: string
}

/** One write that brings the cluster closer to the desired reports. */
export type ReportChange =
  | { readonly change: 'create'; readonly desired: DigestedReport }
  | { readonly change: 'update'; readonly desired: DigestedReport; readonly existing: ExistingReport }
  | { readonly change: 'delete'; readonly existing: ExistingReport }

export const reportKey = ({ namespace, name }: Pick<ExistingReport, 'namespace' | 'name'>) => `${namespace}/${name}`

export function withDigest(report: WantedReport): DigestedReport {
  return { ...report, digest: createHash('sha256').update(JSON.stringify(report.content)).digest('hex') }
}

export function reportChanges(
  desired: readonly DigestedReport[],
  existing: readonly ExistingReport[]
): readonly ReportChange[] {
  const before = new Map(existing.map(one => [reportKey(one), one]))
  const after = new Set(desired.map(reportKey))
  const written = desired.flatMap((one): readonly ReportChange[] => {
    const found = before.get(reportKey(one))
    if (found === undefined) return [{ change: 'create', desired: one }]
    return found.digest === one.digest ? [] : [{ change: 'update', desired: one, existing: found }]
  })
  const gone = existing.filter(one => !after.has(reportKey(one)))
  return [...written, ...gone.map(one => ({ change: 'delete', existing: one }) as const)]
}
