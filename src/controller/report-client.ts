import { z } from 'zod'
import { MANAGED_BY, REPORT_APIS, type ReportApi } from '../report/openreports.ts'
import { type Api, Refused } from './api.ts'
import type { Owner } from './owner-reference.ts'
import type { KnownReport, ReportChange } from './report-diff.ts'

const DIGEST = 'mesh-guard.io/content'
const ABSENT = 404

const written = z.object({
  metadata: z.object({
    namespace: z.string(),
    name: z.string(),
    resourceVersion: z.string(),
    annotations: z.record(z.string(), z.string()).default({})
  })
})
const page = z.object({
  metadata: z.object({ continue: z.string().optional() }).default({}),
  items: z.array(written)
})

/** The reports that the server has of us, and the kind that it has for them. */
export interface FoundReports {
  readonly api: ReportApi
  readonly reports: readonly KnownReport[]
}

/** @returns `undefined` when the server has no kind for reports @throws {Refused} */
export async function findReports(api: Api): Promise<FoundReports | undefined> {
  for (const one of REPORT_APIS) {
    const reports = await unlessAbsent(listReports(api, one))
    if (reports !== undefined) return { api: one, reports }
  }
  return undefined
}

/** Small, for reports are large. */
const PAGE = '50'

async function listReports(api: Api, { group, version, plural }: ReportApi): Promise<readonly KnownReport[]> {
  const labelSelector = Object.entries(MANAGED_BY)
    .map(pair => pair.join('='))
    .join()
  const reports: KnownReport[] = []
  let next: string | undefined = ''
  while (next !== undefined) {
    const query = new URLSearchParams({ labelSelector, limit: PAGE, ...(next === '' ? {} : { continue: next }) })
    const { metadata, items } = page.parse(await api.get(`/apis/${group}/${version}/${plural}?${query}`))
    reports.push(...items.map(toKnown))
    next = metadata.continue || undefined
  }
  return reports
}

/**
 * Makes a change, unless somebody else has been faster.
 *
 * @returns the report as the server has it now; `undefined` when it has none
 * @throws {Refused} with status 409 when somebody was
 */
export async function writeReport(
  api: Api,
  { group, version, plural }: ReportApi,
  one: ReportChange,
  owner: Owner
): Promise<KnownReport | undefined> {
  const pathIn = (namespace: string) => `/apis/${group}/${version}/namespaces/${namespace}/${plural}`
  if (one.change === 'remove') {
    const { namespace, name, version: resourceVersion } = one.known
    await unlessAbsent(api.remove(`${pathIn(namespace)}/${name}`, resourceVersion))
    return undefined
  }
  const { namespace, name, apiVersion, kind, content, digest } = one.wanted
  const metadata = { namespace, name, labels: MANAGED_BY, annotations: { [DIGEST]: digest } }
  if (one.change === 'update') {
    const patch = { metadata: { ...metadata, resourceVersion: one.known.version }, ...content }
    return toKnown(await api.merge(`${pathIn(namespace)}/${name}`, patch))
  }
  const object = { apiVersion, kind, metadata: { ...metadata, ownerReferences: [owner] }, ...content }
  return toKnown(await api.create(pathIn(namespace), object))
}

function toKnown(object: unknown): KnownReport {
  const { namespace, name, resourceVersion, annotations } = written.parse(object).metadata
  return { namespace, name, version: resourceVersion, digest: annotations[DIGEST] }
}

async function unlessAbsent<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof Refused && error.status === ABSENT) return undefined
    throw error
  }
}
