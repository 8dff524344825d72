import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { readFiles } from '../../src/sources/files.ts'
import type { Manifest } from '../../src/sources/yaml.ts'
import { nameOf } from '../../src/state/resource.ts'
import { readDocuments } from './upstream.ts'

/** States of published distributions. */
export const DISTRIBUTIONS = join(import.meta.dirname, '../distributions')
export const NAMES = readdirSync(DISTRIBUTIONS).filter(name => name !== 'README.md')

const why = z.string().min(1)
const expectation = z.strictObject({
  /** Distribution from which this one differs only in the objects of its cluster.yaml, and in those that it is without. */
  base: z.string().optional(),
  without: z.array(z.string()).default([]),
  /** Namespace in which the sample models are created. */
  namespace: z.string(),
  /** Defects of the distribution. */
  audit: z.array(z.strictObject({ rule: z.string(), object: z.string(), why })),
  /** Findings of sample models; `deny` only for the named one. */
  models: z.array(z.strictObject({ rule: z.string(), deny: z.string().optional(), why }))
})
const changes = z.array(
  z.strictObject({
    title: z.string(),
    why,
    delete: z.boolean().default(false),
    /** Decisions of the objects, one after the other. */
    steps: z.array(z.enum(['allow', 'warn', 'deny'])),
    /** Rules of all findings that deny, and of some that warn. */
    rules: z.array(z.string()).default([]),
    /** Rules of what the change leaves unevaluated. */
    notEvaluated: z.array(z.string()).default([]),
    objects: z.array(
      z.looseObject({
        kind: z.string(),
        metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() })
      })
    )
  })
)

export interface Distribution {
  readonly cluster: readonly Manifest[]
  readonly expected: z.output<typeof expectation>
  readonly changes: z.output<typeof changes>
}

export function readDistribution(name: string): Distribution {
  const file = (base: string) => join(DISTRIBUTIONS, name, base)
  const read = (base: string): unknown => parse(readFileSync(file(base), 'utf8'))
  const expected = expectation.parse(read('expected.yaml'))
  const own = readFiles([file('cluster.yaml')])
  const replaced = new Set([...expected.without, ...own.map(({ ref }) => nameOf(ref))])
  const shared = expected.base === undefined ? [] : readDistribution(expected.base).cluster
  return {
    cluster: [...shared.filter(({ ref }) => !replaced.has(nameOf(ref))), ...own],
    expected,
    changes: changes.parse(read('changes.yaml'))
  }
}

/** Published InferenceServices that KServe still serves. */
export const samples = ['kserve-samples', 'kserve-website']
  .flatMap(name => readDocuments(join(import.meta.dirname, '../upstream', `${name}.yaml`)))
  .filter(({ manifest: { ref } }) => `${ref.apiVersion} ${ref.kind}` === 'serving.kserve.io/v1beta1 InferenceService')

/** A sample with other metadata. */
export function withMetadata({ object }: Manifest, other: object): object {
  const { metadata, ...rest } = z.looseObject({ metadata: z.looseObject({}) }).parse(object)
  return { ...rest, metadata: { ...metadata, ...other } }
}
