import { z } from 'zod'
import { MANAGED_BY, REPORT_APIS, type ReportApi } from '../report/openreports.ts'
import { type ApiClient, ApiStatusError } from './api.ts'
import type { OwnerReference } from './owner-reference.ts'
import type { ExistingReport, ReportChange } from './report-diff.ts'

const DIGEST = 'mesh-guard.io/content'
const NOT_FOUND = 404

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

/** Existing reports of the guard, and the report API that the server has. */
export interface ExistingReports {
  readonly api: ReportApi
  readonly reports: readonly ExistingReport[]
}

/** @returns `undefined` if the server has no report API @throws {ApiStatusError} */
export async function findReports(api: ApiClient): Promise<ExistingReports | undefined> {
  for (const one of REPORT_APIS) {
    const reports = await ignoreNotFound(listReports(api, one))
    if (reports !== undefined) return { api: one, reports }
  }
  return undefined
}

/** Small because reports are large. */
const PAGE_SIZE = '50'

async function listReports(api: ApiClient, { group, version, plural }: ReportApi): Promise<readonly ExistingReport[]> {
  const labelSelector = Object.entries(MANAGED_BY)
    .map(pair => pair.join('='))
    .join()
  const reports: ExistingReport[] = []
  let next: string | undefined = ''
  while (next !== undefined) {
    const query = new URLSearchParams({ labelSelector, limit: PAGE_SIZE, ...(next === '' ? {} : { continue: next }) })
    const { metadata, items } = page.parse(await api.get(`/apis/${group}/${version}/${plural}?${query}`))
    reports.push(...items.map(toExisting))
    next = metadata.continue || undefined
  }
  return reports
}

/**
 * Creates, updates or deletes one report.
 *
 * @returns the report as stored; `undefined` if deleted
 * @throws {ApiStatusError} with status 409 if the report changed meanwhile
 */
export async function writeReport(
  api: ApiClient,
  { group, version, plural }: ReportApi,
  one: ReportChange,
  owner: OwnerReference
): Promise<ExistingReport | undefined> {
  const pathIn = (namespace: string) => `/apis/${group}/${version}/namespaces/${namespace}/${plural}`
  if (one.change === 'delete') {
    const { namespace, name, version: resourceVersion } = one.existing
    await ignoreNotFound(api.delete(`${pathIn(namespace)}/${name}`, resourceVersion))
    return undefined
  }
  const { namespace, name, apiVersion, kind, content, digest } = one.desired
  const metadata = { namespace, name, labels: MANAGED_BY, annotations: { [DIGEST]: digest } }
  if (one.change === 'update') {
    const patch = { metadata: { ...metadata, resourceVersion: one.existing.version }, ...content }
    return toExisting(await api.mergePatch(`${pathIn(namespace)}/${name}`, patch))
  }
  const object = { apiVersion, kind, metadata: { ...metadata, ownerReferences: [owner] }, ...content }
  return toExisting(await api.create(pathIn(namespace), object))
}

function toExisting(object: unknown): ExistingReport {
  const { namespace, name, resourceVersion, annotations } = written.parse(object).metadata
  return { namespace, name, version: resourceVersion, digest: annotations[DIGEST] }
}

async function ignoreNotFound<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof ApiStatusError && error.status === NOT_FOUND) return undefined
    throw error
  }
}
