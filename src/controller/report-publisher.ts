import type { ReportApi, WantedReport } from '../report/openreports.ts'
import { type Api, Refused } from './api.ts'
import { isPeriodOver } from './audit-schedule.ts'
import type { Clock } from './clock.ts'
import { type Owner, readOwner } from './owner-reference.ts'
import { type FoundReports, findReports, writeReport } from './report-client.ts'
import { type DigestedReport, type KnownReport, reportChanges, reportKey, withDigest } from './report-diff.ts'

/** The findings in the current state. */
export interface Audit {
  readonly findings: readonly { readonly rule: string; readonly mode: string; readonly count: number }[]
  /** Its reports, page by page. */
  readonly reports: (api: ReportApi, home: string) => AsyncIterable<readonly WantedReport[]>
}

/** Between two writes: so there are ten a second at most, however many there are to make. */
const PAUSE_MS = 100

interface Found {
  readonly api: FoundReports['api'] | undefined
  readonly reports: Map<string, KnownReport>
  readonly listedMs: number
  readonly owner: Owner
}

/**
 * Makes the reports in the cluster what they should be.
 *
 * @returns to be called with the reports of each audit; gives the number of reports written or removed
 * @throws when something was not written; then the next call looks first at what the server has
 */
export function publisherOf(
  api: Api,
  home: string,
  clock: Clock
): (reports: Audit['reports'], signal: AbortSignal) => Promise<number> {
  let last: Found | undefined
  return async (reports, signal) => {
    const found = last === undefined || isPeriodOver(last.listedMs, clock.now()) ? await look(api, home, clock) : last
    // Known again when all has gone well.
    last = undefined
    const written = await publish(found, reports, signal, { api, home, clock })
    if (!signal.aborted) last = found
    return written
  }
}

async function look(api: Api, home: string, { now }: Clock): Promise<Found> {
  const owner = await readOwner(api, home)
  const found = await findReports(api)
  const reports = new Map(found?.reports.map(one => [reportKey(one), one]))
  return { api: found?.api, reports, listedMs: now(), owner }
}

interface Surroundings {
  readonly api: Api
  readonly home: string
  readonly clock: Clock
}

async function publish(
  { api: kind, reports, owner }: Found,
  wanted: Audit['reports'],
  signal: AbortSignal,
  { api, home, clock }: Surroundings
): Promise<number> {
  if (kind === undefined) return 0
  const all: DigestedReport[] = []
  // Page by page, so that nothing else waits for all of them.
  for await (const page of wanted(kind, home)) all.push(...page.map(withDigest))
  const changes = reportChanges(all, [...reports.values()])
  const problems: string[] = []
  let tried = 0
  for (const one of changes) {
    if (signal.aborted) break
    tried++
    const key = reportKey(one.change === 'create' ? one.wanted : one.known)
    try {
      const now = await writeReport(api, kind, one, owner)
      if (now === undefined) reports.delete(key)
      else reports.set(key, now)
    } catch (error) {
      problems.push(`${key}: ${refusalIn(error)}`)
    }
    await clock.sleep(PAUSE_MS, signal)
  }
  if (problems.length > 0) throw new Error(`${problems.length} of ${tried} reports not written: ${problems[0]}`)
  return tried
}

/** What the server refuses is one report's trouble. @throws what is trouble for all */
function refusalIn(error: unknown): string {
  if (error instanceof Refused && error.status < 500 && error.status !== 429) return error.message
  throw error
}
