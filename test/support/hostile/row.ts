/** An object as in JSON. */
export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [field: string]: unknown }
  readonly [field: string]: unknown
}

/** One hostile object, built on demand and always the same. */
export interface HostileInput {
  /** Kind, and what is hostile. */
  readonly name: string
  /** Whether a kube-apiserver with the CRDs of `test/e2e/crds` stores the object; the end-to-end run checks it. */
  readonly admitted: boolean
  /** The object, or JSON text that JSON.stringify cannot produce. */
  readonly make: () => Manifest | string
  /** Further objects that the attack requires; a kube-apiserver stores each of them. */
  readonly beside?: () => readonly Manifest[]
}

/** The object as JSON text. */
export function toJson({ make }: Pick<HostileInput, 'make'>): string {
  const made = make()
  return typeof made === 'string' ? made : JSON.stringify(made)
}

/** Namespace of the attacked models. */
export const MODELS = 'user1'

/** An array of values made from their index. */
export const times = <T>(count: number, make: (i: number) => T): readonly T[] =>
  Array.from({ length: count }, (_, i) => make(i))

/** An object of keys and values made from their index. */
export const entries = <T>(count: number, key: (i: number) => string, value: (i: number) => T) =>
  Object.fromEntries(times(count, i => [key(i), value(i)] as const))

/** Names of inherited properties in JavaScript. */
export const INHERITED = ['constructor', 'toString', 'valueOf', 'hasOwnProperty', 'isPrototypeOf'] as const

/** The same value for each inherited name. */
export const inherited = <T>(value: T) => Object.fromEntries(INHERITED.map(name => [name, value] as const))

/** A key that sets the prototype in an object literal. */
export const PROTO = '__proto__'

/** Half of a surrogate pair, which UTF-8 cannot encode. */
export const LONE_SURROGATE = '\ud800'

/** Nested lists as JSON or YAML. */
export const nested = (depth: number, inner = '1') => '['.repeat(depth) + inner + ']'.repeat(depth)

/** An object with metadata and spec. */
export function object(
  apiVersion: string,
  kind: string,
  spec: unknown,
  metadata: Readonly<Record<string, unknown>> = {},
  namespace = MODELS
): Manifest {
  return { apiVersion, kind, metadata: { namespace, name: 'hostile', ...metadata }, spec }
}
