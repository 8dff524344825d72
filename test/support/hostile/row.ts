/** Kubernetes object as JSON. */
export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [field: string]: unknown }
  readonly [field: string]: unknown
}

/** Hostile object, built on demand and deterministic. */
export interface HostileInput {
  /** Kind and hostile property. */
  readonly name: string
  /** Whether a kube-apiserver with the CRDs of `test/e2e/crds` stores the object; the end-to-end run checks it. */
  readonly admitted: boolean
  /** The object, or JSON text that JSON.stringify cannot produce. */
  readonly make: () => Manifest | string
  /** Further objects that the attack requires; a kube-apiserver stores each of them. */
  readonly beside?: () => readonly Manifest[]
}

/** Serializes the object to JSON. */
export function toJson({ make }: Pick<HostileInput, 'make'>): string {
  const manifest = make()
  return typeof manifest === 'string' ? manifest : JSON.stringify(manifest)
}

/** Namespace of the attacked models. */
export const MODELS = 'user1'

/** Array of values built from their index. */
export const times = <T>(count: number, make: (i: number) => T): readonly T[] =>
  Array.from({ length: count }, (_, i) => make(i))

/** Object of keys and values built from their index. */
export const entries = <T>(count: number, key: (i: number) => string, value: (i: number) => T) =>
  Object.fromEntries(times(count, i => [key(i), value(i)] as const))

/** Names of inherited properties in JavaScript. */
export const INHERITED = ['constructor', 'toString', 'valueOf', 'hasOwnProperty', 'isPrototypeOf'] as const

/** Object with the same value for each inherited name. */
export const inherited = <T>(value: T) => Object.fromEntries(INHERITED.map(name => [name, value] as const))

/** Key that sets the prototype in an object literal. */
export const PROTO = '__proto__'

/** Unpaired surrogate, which UTF-8 cannot encode. */
export const LONE_SURROGATE = '\ud800'

/** Nested lists as JSON or YAML. */
export const nested = (depth: number, inner = '1') => '['.repeat(depth) + inner + ']'.repeat(depth)

/** Namespaced object with metadata and spec. */
export function object(
  apiVersion: string,
  kind: string,
  spec: unknown,
  metadata: Readonly<Record<string, unknown>> = {},
  namespace = MODELS
): Manifest {
  return { apiVersion, kind, metadata: { namespace, name: 'hostile', ...metadata }, spec }
}
