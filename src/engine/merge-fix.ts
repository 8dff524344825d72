import { isDeepStrictEqual } from 'node:util'
import type { Manifest } from '../rules/lib/rule.ts'
import { withoutEmptyFields } from '../rules/lib/updated-manifest.ts'
import { LAST_APPLIED } from '../state/resource.ts'

type Fields = Readonly<Record<string, unknown>>

/**
 * A written object with what a fix changes. Identity, unread metadata and fields that parsing normalizes stay as written.
 *
 * @param base the object that the fix was derived from: the written one if it was applied before, or else the one in the state
 */
export function mergeFix(written: unknown, fix: Manifest, base: unknown): Manifest {
  const { apiVersion: _, kind: __, metadata, ...body } = fix
  const [own, from] = [toMap(written), toMap(base)]
  const { metadata: ownMetadata } = own
  const { metadata: baseMetadata } = from
  const merged = mergeFields(toMap(ownMetadata), labelsOf(metadata), labelsOf(baseMetadata))
  const known = Object.fromEntries(Object.keys(body).map(key => [key, from[key]]))
  // As written, a manifest has the fields that identify it.
  return mergeFields({ ...own, metadata: merged }, body, known) as Manifest
}

function labelsOf(metadata: unknown): Fields {
  const { labels, annotations } = toMap(metadata)
  const { [LAST_APPLIED]: _, ...others } = toMap(annotations)
  return { labels, annotations: others }
}

/** Changes in `own` what differs between `base` and `fix`; a field that only `base` has is deleted. */
function mergeFields(own: Fields, fix: Fields, base: Fields): Fields {
  const result = new Map(Object.entries(own))
  for (const key of Object.keys({ ...base, ...fix })) {
    const value = merge(own[key], fix[key], base[key])
    if (value === undefined) result.delete(key)
    else result.set(key, value)
  }
  return Object.fromEntries(result)
}

function merge(own: unknown, fix: unknown, base: unknown): unknown {
  if (isEquivalent(fix, base)) return own
  return isMap(own) && isMap(fix) ? mergeFields(own, fix, toMap(base)) : fix
}

const isEquivalent = (a: unknown, b: unknown) =>
  isDeepStrictEqual(withoutEmptyFields({ data: a }), withoutEmptyFields({ data: b }))

const isMap = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)

const toMap = (value: unknown): Fields => (isMap(value) ? value : {})

/** Paths of the fields that differ, such as `spec.servers`; a list differs as a whole. */
export function changedPaths(before: unknown, after: unknown, path = ''): readonly string[] {
  if (isDeepStrictEqual(before, after)) return []
  if (!isMap(before) || !isMap(after)) return [path]
  return Object.keys({ ...before, ...after }).flatMap(key => {
    const part = /[.[\]/]/.test(key) ? `[${key}]` : `.${key}`
    return changedPaths(before[key], after[key], `${path}${part}`.replace(/^\./, ''))
  })
}
