import type { ReportApi, WantedReport } from '../report/openreports.ts'
import { type ApiClient, ApiStatusError } from './api.ts'
import { isRelistDue } from './audit-schedule.ts'
import type { Clock } from './clock.ts'
import { type OwnerReference, readOwnerReference } from './owner-reference.ts'
import { type ExistingReports, findReports, writeReport } from './report-client.ts'
import { type DigestedReport, type ExistingReport, reportChanges, reportKey, withDigest } from './report-diff.ts'

/** The findings in the current state. */
export interface Audit {
  readonly findings: readonly { readonly rule: string; readonly mode: string; readonly count: number }[]
  /** Reports of the findings, in batches. */
  readonly reports: (api: ReportApi, ownNamespace: string) => AsyncIterable<readonly WantedReport[]>
}

/** Limits writes to ten per second. */
const WRITE_INTERVAL_MS = 100

interface ExistingState {
  readonly api: ExistingReports['api'] | undefined
  readonly reports: Map<string, ExistingReport>
  readonly listedMs: number
  readonly owner: OwnerReference
}

/**
 * Reconciles the reports in the cluster.
 *
 * @returns a function that publishes the reports of one audit; it resolves to the number of reports written or deleted,
 *   and throws if a write failed; the next call then lists the existing reports again
 */
export function createPublisher(
  api: ApiClient,
  ownNamespace: string,
  clock: Clock
): (reports: Audit['reports'], signal: AbortSignal) => Promise<number> {
  let last: ExistingState | undefined
  return async (reports, signal) => {
    const existing =
      last === undefined || isRelistDue(last.listedMs, clock.now())
        ? await loadExisting(api, ownNamespace, clock)
        : last
    // Set again after success only.
    last = undefined
    const written = await publish(existing, reports, signal, { api, ownNamespace, clock })
    if (!signal.aborted) last = existing
    return written
  }
}

async function loadExisting(api: ApiClient, ownNamespace: string, { now }: Clock): Promise<ExistingState> {
  const owner = await readOwnerReference(api, ownNamespace)
  const existing = await findReports(api)
  const reports = new Map(existing?.reports.map(one => [reportKey(one), one]))
  return { api: existing?.api, reports, listedMs: now(), owner }
}

interface PublisherContext {
  readonly api: ApiClient
  readonly ownNamespace: string
  readonly clock: Clock
}

async function publish(
  { api: kind, reports, owner }: ExistingState,
  desired: Audit['reports'],
  signal: AbortSignal,
  { api, ownNamespace, clock }: PublisherContext
): Promise<number> {
  if (kind === undefined) return 0
  const all: DigestedReport[] = []
  // In batches, so that other work on the thread is not delayed.
  for await (const page of desired(kind, ownNamespace)) all.push(...page.map(withDigest))
  const changes = reportChanges(all, [...reports.values()])
  const problems: string[] = []
  let tried = 0
  for (const one of changes) {
    if (signal.aborted) break
    tried++
    const key = reportKey(one.change === 'create' ? one.desired : one.existing)
    try {
      const now = await writeReport(api, kind, one, owner)
      if (now === undefined) reports.delete(key)
      else reports.set(key, now)
    } catch (error) {
      problems.push(`${key}: ${statusMessage(error)}`)
    }
    await clock.sleep(WRITE_INTERVAL_MS, signal)
  }
  if (problems.length > 0) throw new Error(`${problems.length} of ${tried} reports not written: ${problems[0]}`)
  return tried
}

/** Message of an error that concerns only one report. @throws any other error */
function statusMessage(error: unknown): string {
  if (error instanceof ApiStatusError && error.status < 500 && error.status !== 429) return error.message
  throw error
}
