import { matches, matchesPath } from '../text/pattern.ts'
import { all, anyOf, not, type Tristate } from '../text/tristate.ts'
import { blocksWith } from './ip-blocks.ts'
import { candidatesFor } from './pattern-list.ts'

/** Field of a rule: included and excluded values, and how a value is matched with the request. */
export interface Field {
  readonly values: readonly string[]
  readonly notValues: readonly string[]
  /** True if the field exists only for HTTP requests. */
  readonly http: boolean
  readonly isMatch: (value: string) => Tristate
  /** Selects the values that can match, so that the others are skipped. Absent: every value can match. */
  readonly candidates?: (values: readonly string[]) => readonly string[]
}

export type Values = Pick<Field, 'values' | 'notValues'>

/** False for a field without values: it matches every request. */
export const isSpecified = (field: Field | undefined): field is Field =>
  field !== undefined && field.values.length + field.notValues.length > 0

/** A field of HTTP requests matches every connection that is none. */
export function matchesField(
  { values, notValues, http, isMatch, candidates = allOf }: Field,
  isHttp: boolean
): Tristate {
  if (http && !isHttp) return true
  return all([
    values.length === 0 ? true : anyOf(candidates(values), isMatch),
    notValues.length === 0 ? true : not(anyOf(candidates(notValues), isMatch))
  ])
}

const allOf = (values: readonly string[]) => values

/** @param text absent if the request does not have it: no value matches */
export function textField(values: Values, text: string | undefined, http: boolean): Field {
  return {
    ...values,
    http,
    isMatch: value => text !== undefined && matches(value, text),
    candidates: all => (text === undefined ? [] : candidatesFor(all)(text))
  }
}

/** URL paths of Knative probes; no model serves inference requests there. */
const KNATIVE_PROBE_PATHS = ['/healthz', '/metrics', '/ready', '/wait-for-drain']

const isProbePath = (pattern: string) => KNATIVE_PROBE_PATHS.includes(pattern)

/** @param path unknown, but of inference requests, if it is absent */
export function pathField(values: Values, path: string | undefined): Field {
  const isMatch = (pattern: string) => (path === undefined ? undefined : matchesPath(pattern, path))
  const candidates = (all: readonly string[]) => {
    if (path !== undefined) return candidatesFor(all)(path)
    // Of patterns that may match, one tells as much as all.
    const first = all.find(pattern => !isProbePath(pattern))
    return first === undefined ? [] : [first]
  }
  return { ...values, http: true, isMatch, candidates }
}

/** Field of the source or destination address. */
export function addressField(values: Values, address: string | undefined): Field {
  const isKnown = blocksWith([], address) !== undefined
  const isMatch = () => (isKnown ? true : undefined)
  return { ...values, http: false, isMatch, candidates: all => blocksWith(all, address) ?? all }
}
