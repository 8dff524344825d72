import fc from 'fast-check'

/** Part of OpenAPI that CustomResourceDefinitions use. */
export interface Schema {
  readonly type?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: Schema | boolean
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly enum?: readonly unknown[]
  readonly nullable?: boolean
  readonly pattern?: string
  readonly format?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly minProperties?: number
  readonly maxProperties?: number
  readonly oneOf?: readonly Schema[]
  readonly anyOf?: readonly Schema[]
  readonly allOf?: readonly Schema[]
  readonly not?: Schema
  readonly 'x-kubernetes-int-or-string'?: boolean
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean
}

/** Strings, most of them valid in some field. */
const STRINGS = [
  '',
  '*',
  'a',
  'user1',
  './*',
  '*/*',
  '*.local',
  'sklearn',
  'istio',
  '8012',
  '1m',
  '-1',
  '/v1/{*}',
  'constructor',
  '__proto__',
  'source.ip',
  '10.0.0.0/8',
  'é*(',
  'spiffe://a/ns/b/sa/c'
]
const MAX_ITEMS = 2

/** Values that a schema allows; CEL rules are ignored. */
export function fromSchema(schema: Schema): fc.Arbitrary<unknown> {
  const plain = schema.enum === undefined ? ofType(schema) : fc.constantFrom(...schema.enum)
  const valid = plain.filter(value => matches(schema, value))
  return schema.nullable === true
    ? fc.oneof({ weight: 3, arbitrary: valid }, { weight: 1, arbitrary: fc.constant(null) })
    : valid
}

function ofType(schema: Schema): fc.Arbitrary<unknown> {
  if (schema['x-kubernetes-int-or-string'] === true) return fc.oneof(fc.nat(), fc.constantFrom(...STRINGS))
  switch (schema.type) {
    case 'object':
      return ofObject(schema)
    case 'array':
      return fc.array(fromSchema(schema.items ?? {}), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.max(schema.minItems ?? 0, Math.min(schema.maxItems ?? MAX_ITEMS, MAX_ITEMS))
      })
    case 'string':
      return ofString(schema)
    case 'integer':
      return fc.oneof(fc.constantFrom(...numbersIn(schema)), fc.integer(rangeOf(schema)))
    case 'number':
      return fc.double({
        noNaN: true,
        noDefaultInfinity: true,
        min: schema.minimum ?? -1e6,
        max: schema.maximum ?? 1e6
      })
    case 'boolean':
      return fc.boolean()
    default:
      return fc.jsonValue({ maxDepth: 2 })
  }
}

const rangeOf = ({ minimum = -(2 ** 31), maximum = 2 ** 31 - 1 }: Schema) => ({ min: minimum, max: maximum })
/** Ports of the example cluster and the minimum, if in range. */
function numbersIn(schema: Schema): readonly number[] {
  const { min, max } = rangeOf(schema)
  return [80, 8012, min].filter(number => number >= min && number <= max)
}

function ofString({ pattern, format, minLength = 0, maxLength = 64 }: Schema): fc.Arbitrary<string> {
  if (format === 'date-time') return fc.constantFrom('2026-01-01T00:00:00Z')
  if (format === 'byte') return fc.constantFrom('', 'YQ==')
  const word = fc.oneof(fc.constantFrom(...STRINGS), fc.string({ minLength, maxLength: Math.min(maxLength, 8) }))
  const fits = (text: string) => text.length >= minLength && text.length <= maxLength
  return pattern === undefined
    ? word.filter(fits)
    : fc.stringMatching(new RegExp(pattern), { maxLength: Math.min(maxLength, 8) }).filter(fits)
}

function ofObject({
  properties = {},
  required = [],
  additionalProperties,
  minProperties = 0,
  ...schema
}: Schema): fc.Arbitrary<object> {
  const known = Object.entries(properties).map(([key, one]) => {
    const value = fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 3, arbitrary: lazily(one) })
    return [key, required.includes(key) ? fromSchema(one) : value] as const
  })
  const whole = fc
    .tuple(fc.record(Object.fromEntries(known)), fc.nat())
    .map(([value, nat]) => withoutExclusiveFields(schema, withoutEmptyFields(value), nat))
  if (typeof additionalProperties === 'object') {
    return fc.dictionary(fc.constantFrom('a', '8012', 'user1', 'root'), fromSchema(additionalProperties), {
      minKeys: minProperties,
      maxKeys: MAX_ITEMS
    })
  }
  return schema['x-kubernetes-preserve-unknown-fields'] === true && known.length === 0
    ? fc.dictionary(fc.constantFrom('predictor', 'transformer', 'nodes', 'a'), fc.jsonValue({ maxDepth: 3 }), {
        maxKeys: 3
      })
    : whole
}

/** Defers the arbitrary of a field, because schemas are large. */
const lazily = (schema: Schema) => fc.constant(null).chain(() => fromSchema(schema))

const withoutEmptyFields = (value: object) =>
  Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined))

/** Keeps one of several mutually exclusive fields. */
function withoutExclusiveFields({ oneOf = [], allOf = [] }: Schema, value: object, nat: number): object {
  const exclusive = oneOf.flatMap(({ required = [] }) => required)
  const kept = exclusive[nat % (exclusive.length + 1)]
  const remaining = Object.fromEntries(
    Object.entries(value).filter(([key]) => key === kept || !exclusive.includes(key))
  )
  return allOf.reduce((rest, one) => withoutExclusiveFields(one, rest, nat), remaining)
}

/** Checks `required`, `oneOf`, `anyOf`, `allOf` and `not`, which make Istio fields mutually exclusive. */
function matches(schema: Schema, value: unknown): boolean {
  const { oneOf, anyOf, allOf, not, required = [], properties = {} } = schema
  if (typeof value !== 'object' || value === null) return true
  if (schema['x-kubernetes-int-or-string'] === true) return true
  if (!required.every(key => Object.hasOwn(value, key))) return false
  const areFieldsValid = Object.entries(properties).every(
    ([key, one]) => !Object.hasOwn(value, key) || matches(one, value[key as keyof typeof value])
  )
  return (
    areFieldsValid &&
    (oneOf === undefined || oneOf.filter(one => matches(one, value)).length === 1) &&
    (anyOf === undefined || anyOf.some(one => matches(one, value))) &&
    (allOf === undefined || allOf.every(one => matches(one, value))) &&
    (not === undefined || !matches(not, value))
  )
}
