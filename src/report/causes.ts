import { nameOf } from '../state/resource.ts'
import type { FailureView, HopView, ModelView } from './explanation.ts'
import { type Group, groupBy } from './group.ts'
import { fixLines, grantLines, shortFixLines } from './text.ts'

/** Why hops are not open: a failure of one object and field, or a missing input. */
export interface Cause {
  /** From 1, in order of the models and their paths. */
  readonly number: number
  /** Distinct failures; none if an input is missing. */
  readonly failures: readonly FailureView[]
  readonly unknownReason: string | undefined
  readonly inferenceServices: readonly string[]
}

/** Hops of the request paths of an InferenceService. */
export interface ModelHops extends Pick<ModelView, 'inferenceService'> {
  readonly paths: readonly { readonly hops: readonly HopView[] }[]
}

/** Numbered causes of all hops that are not open. */
export class Causes {
  readonly #byKey: ReadonlyMap<string, Cause>

  constructor(models: readonly ModelHops[]) {
    const hops = models.flatMap(({ inferenceService, paths }) =>
      paths.flatMap(path => path.hops.map(hop => ({ inferenceService, hop })))
    )
    const groups = groupBy(
      hops.filter(({ hop }) => hop.verdict !== 'ok'),
      ({ hop }) => keyOf(hop)
    )
    this.#byKey = new Map([...groups].map(([key, group], i) => [key, toCause(group, i + 1)]))
  }

  get all(): readonly Cause[] {
    return [...this.#byKey.values()]
  }

  /** Numbers of the causes for which these hops are not open. */
  numbersOf(hops: readonly HopView[]): readonly number[] {
    const numbers = hops.flatMap(hop => this.#byKey.get(keyOf(hop))?.number ?? [])
    return [...new Set(numbers)].sort((a, b) => a - b)
  }
}

/** References to causes after a text. */
export const references = (numbers: readonly number[]) => (numbers.length === 0 ? '' : ` [${numbers.join(',')}]`)

/** What is printed of fixes: their text, or also their objects. */
export type FixDetail = 'none' | 'text' | 'objects'

/** Rule, object and field at fault, messages (up to `maxMessages`) and fixes. */
export function causeLines(cause: Cause, fixDetail: FixDetail, maxMessages = Infinity): readonly string[] {
  const { number, failures, unknownReason, inferenceServices } = cause
  const concerned = inferenceServices.length > 1 ? ` (${inferenceServices.length} InferenceServices)` : ''
  const [first] = failures
  if (first === undefined) return [`[${number}] unknown: ${unknownReason}${concerned}`]
  const { rule, object, field } = first
  const messages = [...new Set(failures.map(({ message }) => message))]
  return [
    `[${number}] ${rule}${object === undefined ? '' : `: ${nameOf(object)} ${field}`}${concerned}`,
    ...messages.slice(0, maxMessages).map(line => `    ${line}`),
    ...fixesOf(failures, fixDetail).map(line => `    ${line}`)
  ]
}

function fixesOf(failures: readonly FailureView[], detail: FixDetail): readonly string[] {
  if (detail === 'none') return []
  const fixes = failures.flatMap(({ fix }) => fix ?? [])
  const texts = groupBy(fixes, ({ grants, ...fix }) =>
    (detail === 'objects' ? fixLines(fix) : shortFixLines(fix)).join('\n')
  )
  return [...texts].flatMap(([text, group]) => {
    const grants = groupBy(
      group.flatMap(fix => fix.grants ?? []),
      one => JSON.stringify(one)
    )
    return [
      ...text.split('\n'),
      ...grantLines(
        [...grants.values()].map(([first]) => first),
        'lets'
      )
    ]
  })
}

function toCause(group: Group<{ readonly inferenceService: string; readonly hop: HopView }>, number: number): Cause {
  const [{ hop }] = group
  const failures = group.flatMap(one => one.hop.failure ?? [])
  return {
    number,
    failures: [...groupBy(failures, one => JSON.stringify(one)).values()].map(([first]) => first),
    unknownReason: hop.unknownReason,
    inferenceServices: [...new Set(group.map(one => one.inferenceService))]
  }
}

/** Failures of one rule, object and field have one cause, even if their messages differ. */
function keyOf({ verdict, failure, unknownReason }: HopView): string {
  if (failure === undefined) return JSON.stringify([verdict, unknownReason])
  const { rule, object, field, message } = failure
  return JSON.stringify(object === undefined ? [rule, message] : [rule, object, field])
}
