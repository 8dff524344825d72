import { all, anyOf, not, type Tristate } from '../text/tristate.ts'

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
