import { createHash } from 'node:crypto'
import { keyOf } from '../engine/admission-step.ts'
import type { Reported } from './report.ts'

/** What makes two findings the same, wherever the object is defined: rule, object and field without list indexes. */
export function identityOf({ rule, object, field }: Reported): string {
  return JSON.stringify([rule, keyOf(object), field.replace(/\[\d+\]/g, '[]')])
}

/** Hash of the identity of each finding. Of several with one identity, each has its number, in order. */
export function fingerprintsOf(all: readonly Reported[]): readonly string[] {
  const counts = new Map<string, number>()
  return all.map(finding => {
    const hash = createHash('sha256').update(identityOf(finding)).digest('hex').slice(0, 32)
    const count = (counts.get(hash) ?? 0) + 1
    counts.set(hash, count)
    return `${hash}:${count}`
  })
}
