import { type DependencyKey, isCrossNamespace } from './dependency-key.ts'
import { dependenciesOf, type NamespaceEvaluation } from './namespace-evaluation.ts'

/** Growth of the keys, as a factor, after which those that are no longer read are dropped. */
const MAX_GROWTH = 2
const MIN_GROWTH = 1_000

/** Cross-namespace dependencies of all namespaces. States share them; they can contain keys that are no longer read. */
export class CrossNamespaceKeys {
  readonly #keys = new Set<DependencyKey>()
  readonly #limit: number

  constructor(evaluations: Iterable<NamespaceEvaluation>) {
    for (const one of evaluations) this.#add(dependenciesOf(one))
    this.#limit = MAX_GROWTH * this.#keys.size + MIN_GROWTH
  }

  get keys(): ReadonlySet<DependencyKey> {
    return this.#keys
  }

  /** @returns undefined if most keys can be out of date */
  with(dependencies: readonly ReadonlySet<DependencyKey>[]): CrossNamespaceKeys | undefined {
    this.#add(dependencies)
    return this.#keys.size <= this.#limit ? this : undefined
  }

  #add(sets: readonly ReadonlySet<DependencyKey>[]): void {
    for (const keys of sets) for (const key of keys) if (isCrossNamespace(key)) this.#keys.add(key)
  }
}
