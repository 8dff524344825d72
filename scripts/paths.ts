/**
 * Compares the model with whole request paths of real Envoys. Reads vectors (JSON lines, optionally gzipped): the objects of a
 * cluster, and what became of requests on each path to its models. Prints each difference and exits with 1 if there is one.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { z } from 'zod'
import { modelKey } from '../src/engine/incremental/evaluate.ts'
import { pathsOf } from '../src/request/inference-service-paths.ts'
import { failedHopOf, type Path } from '../src/request/request-path.ts'
import { readResource } from '../src/sources/manifest.ts'
import { memoize } from '../src/state/memoize.ts'
import { Snapshot } from '../src/state/snapshot.ts'

const path = z.object({
  inferenceService: z.string(),
  caller: z.enum(['external', 'in-mesh', 'non-mesh', 'probe']),
  /** Namespace of the caller; absent: one that no object names. */
  from: z.string().optional(),
  via: z.string(),
  activatorMode: z.enum(['serve', 'proxy']).optional(),
  expect: z.enum(['ok', 'denied', 'no-route', 'blocked']),
  /** Hop at which the request ends. */
  at: z.string().optional()
})
const state = z.object({ id: z.string(), objects: z.array(z.unknown()), paths: z.array(path) })
type ExpectedPath = z.output<typeof path>

export interface Comparison {
  readonly agree: number
  /** Paths that the model does not have. Envoy cannot tell which activator modes occur, nor whether the autoscaler scrapes. */
  readonly absent: number
  /** Paths whose result rests on something that no object says (`test/conformance/path-exceptions.json`). */
  readonly excepted: number
  /** Paths with the expected result and another hop. */
  readonly otherHops: readonly string[]
  readonly disagree: readonly string[]
}

const exceptions = z.array(z.object({ argument: z.string(), paths: z.array(z.string()) }))
const EXCEPTIONS = new Set(
  exceptions
    .parse(JSON.parse(readFileSync(join(import.meta.dirname, '../test/conformance/path-exceptions.json'), 'utf8')))
    .flatMap(({ paths }) => paths)
)

/** @returns the number of equal results, and the differences */
export function comparePaths(file: string): Comparison {
  const bytes = readFileSync(file)
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
  const lines = text.split('\n').filter(one => one !== '')
  const compared = lines.flatMap(line => compareState(state.parse(JSON.parse(line))))
  const of = (kind: Compared['is']) => compared.filter(({ is }) => is === kind)
  const differences = (kind: Compared['is']) => of(kind).map(({ difference }) => difference)
  return {
    agree: of('equal').length + of('other hop').length,
    absent: of('absent').length,
    excepted: of('excepted').length,
    otherHops: differences('other hop'),
    disagree: differences('different')
  }
}

interface Compared {
  readonly is: 'equal' | 'other hop' | 'different' | 'excepted' | 'absent'
  readonly difference: string
}

function compareState({ id, objects, paths }: z.output<typeof state>): readonly Compared[] {
  const snapshot = Snapshot.of(objects.map(object => readResource(object)).filter(one => one !== undefined))
  const evaluated = new Map(snapshot.list('InferenceService').map(one => [modelKey(one), pathsOf(snapshot, one)]))
  return paths.map(expected => {
    const found = findPath(evaluated.get(expected.inferenceService) ?? [], expected)
    if (found === undefined) return { is: 'absent', difference: '' }
    const { result, at } = outcomeOf(found)
    const { inferenceService, caller, from = '*', via, activatorMode = '', expect } = expected
    const name = `${id}: ${inferenceService} ${caller} ${from} ${via} ${activatorMode}`
    const difference = `${name}: ${result} at ${at}, expected ${expect} at ${expected.at}`
    if (result === expect) return { is: at === expected.at ? 'equal' : 'other hop', difference }
    return { is: EXCEPTIONS.has(name.trimEnd()) ? 'excepted' : 'different', difference }
  })
}

const namesOf = memoize((from: readonly string[]) => new Set(from))

/** The path of the same call: of the class that names the namespace, else of any namespace. */
function findPath(paths: readonly Path[], { caller, from, via, activatorMode }: ExpectedPath): Path | undefined {
  const same = paths.filter(one => one.caller === caller && one.entry === via)
  const own = same.filter(one => from !== undefined && one.from !== undefined && namesOf(one.from).has(from))
  const others = same.filter(one => one.from === undefined || via === 'transformer')
  return (own.length > 0 ? own : others).find(
    one => activatorMode === undefined || one.activatorMode === undefined || one.activatorMode === activatorMode
  )
}

function outcomeOf(found: Path): { readonly result: string; readonly at: string | undefined } {
  const failed = failedHopOf(found)
  const last = found.hops.at(-1)
  if (found.unknown !== undefined) return { result: `unknown (${found.unknown.reason})`, at: last?.name }
  if (failed === undefined) return { result: 'ok', at: undefined }
  const { failure, name } = failed
  const result = failure.cause === 'no-route' ? 'no-route' : 'verdict' in failure ? 'denied' : 'blocked'
  return { result, at: name }
}

if (import.meta.main) {
  const results = process.argv.slice(2).map(comparePaths)
  const all = <T>(pick: (one: Comparison) => readonly T[]) => results.flatMap(pick)
  for (const line of all(one => one.disagree)) process.stdout.write(`${line}\n`)
  for (const line of all(one => one.otherHops)) process.stdout.write(`other hop: ${line}\n`)
  const sum = (pick: (one: Comparison) => number) => results.reduce((total, one) => total + pick(one), 0)
  process.stdout.write(
    `${all(one => one.otherHops).length} with another hop, ${sum(one => one.absent)} absent, ${sum(one => one.excepted)} excepted\n`
  )
  process.stdout.write(`${sum(one => one.agree)} agree, ${all(one => one.disagree).length} disagree\n`)
  process.exitCode = all(one => one.disagree).length === 0 ? 0 : 1
}
