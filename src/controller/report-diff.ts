import { createHash } from 'node:crypto'
import type { WantedReport } from '../report/openreports.ts'

/** A report of ours as the server has it. */
export interface KnownReport {
  readonly namespace: string
  readonly name: string
  readonly version: string
  /** What was noted of its content when it was written. */
  readonly digest: string | undefined
}

/**
 * A report as it should be, with what tells contents apart. It is noted in the report: a server that drops fields which
 * its version of the kind lacks would otherwise seem to have another report each time.
 */
export interface DigestedReport extends WantedReport {
  readonly digest: string
}

/** What is to be written so that the server has the reports that it should have. */
export type ReportChange =
  | { readonly change: 'create'; readonly wanted: DigestedReport }
  | { readonly change: 'update'; readonly wanted: DigestedReport; readonly known: KnownReport }
  | { readonly change: 'remove'; readonly known: KnownReport }

export const reportKey = ({ namespace, name }: Pick<KnownReport, 'namespace' | 'name'>) => `${namespace}/${name}`

/** Adds the digest of the content. */
export function withDigest(report: WantedReport): DigestedReport {
  return { ...report, digest: createHash('sha256').update(JSON.stringify(report.content)).digest('hex') }
}

export function reportChanges(
  wanted: readonly DigestedReport[],
  known: readonly KnownReport[]
): readonly ReportChange[] {
  const before = new Map(known.map(one => [reportKey(one), one]))
  const after = new Set(wanted.map(reportKey))
  const written = wanted.flatMap((one): readonly ReportChange[] => {
    const found = before.get(reportKey(one))
    if (found === undefined) return [{ change: 'create', wanted: one }]
    return found.digest === one.digest ? [] : [{ change: 'update', wanted: one, known: found }]
  })
  const gone = known.filter(one => !after.has(reportKey(one)))
  return [...written, ...gone.map(one => ({ change: 'remove', known: one }) as const)]
}
