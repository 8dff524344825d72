/** An object as JSON has it. */
export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [field: string]: unknown }
  readonly [field: string]: unknown
}

/** One hostile object. It is made on demand, and the same each time. */
export interface HostileInput {
  /** Says what is hostile. */
  readonly name: string
  /** Whether a kube-apiserver with the CRDs of `test/e2e/crds` stores the object; the end-to-end run checks it. */
  readonly admitted: boolean
  /** The object, or the JSON text of one that no value is written as. */
  readonly make: () => Manifest | string
  /** Objects without which it does no harm. A kube-apiserver stores each of them. */
  readonly beside?: () => readonly Manifest[]
}

/** The object as JSON text. */
export function toJson({ make }: Pick<HostileInput, 'make'>): string {
  const made = make()
  return typeof made === 'string' ? made : JSON.stringify(made)
}

/** Where the models are that the object is to harm. */
export const MODELS = 'user1'

/** So many things, of which each is made from its index. */
export const times = <T>(count: number, make: (i: number) => T): readonly T[] =>
  Array.from({ length: count }, (_, i) => make(i))

/** So many keys, each with its value. */
export const entries = <T>(count: number, key: (i: number) => string, value: (i: number) => T) =>
  Object.fromEntries(times(count, i => [key(i), value(i)] as const))

/** Names that objects of JavaScript have already. */
export const INHERITED = ['constructor', 'toString', 'valueOf', 'hasOwnProperty', 'isPrototypeOf'] as const

/** The same value for each inherited name. */
export const inherited = <T>(value: T) => Object.fromEntries(INHERITED.map(name => [name, value] as const))

/** A key that an object literal would take for the prototype. */
export const PROTO = '__proto__'

/** Half of a character, which no UTF-8 can write. */
export const LONE_SURROGATE = '\ud800'

/** Lists in lists, so many deep, as JSON or YAML. */
export const nested = (depth: number, inner = '1') => '['.repeat(depth) + inner + ']'.repeat(depth)

/** An object that has metadata and a spec. */
export function object(
  apiVersion: string,
  kind: string,
  spec: unknown,
  metadata: Readonly<Record<string, unknown>> = {},
  namespace = MODELS
): Manifest {
  return { apiVersion, kind, metadata: { namespace, name: 'hostile', ...metadata }, spec }
}
