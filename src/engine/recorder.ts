import { toFullName } from '../model/host.ts'
import type { Derived } from '../model/remember.ts'
import type { Kind, ResourceOf } from '../model/resource.ts'
import { type NamedRule, namespaceOfHost } from '../model/rule-index.ts'
import { type Changed, getOrAdd } from '../model/shelf.ts'
import type { Settings, Snapshot, View } from '../model/snapshot.ts'
import { toWorkload, type Workload } from '../model/workload.ts'
import { BudgetExceeded, checkBudget } from './budget.ts'
import type { Skip } from './finding.ts'

/**
 * Something that was read of a state, or that a change touches: a kind, a namespace of it, or one object. Tokens of the
 * namespace that a judgement is about (`HOME`) are alike for all namespaces.
 */
export type Token = string

/** No name of a namespace or an object has it. */
const HOME = '~'
/** No namespace is called so. */
const EVERYWHERE = '*'
const ofKind = (kind: Kind): Token => kind
const ofNamespace = (kind: Kind, namespace: string): Token => `${kind} ${namespace}`
const ofObject = (kind: Kind, namespace: string, name: string): Token => `${kind} ${namespace}/${name}`
const GATEWAYS: Token = 'Pod: gateways'
/** Rules for the hosts of one namespace; rules for hosts of several touch all of these. */
const ofHosts = (namespace: string): Token => `DestinationRule: ${namespace}`
const ANY_HOSTS: Token = 'DestinationRule: any'

/** Does it speak of something beyond the namespace that a judgement is about? */
export const isFar = (token: Token) => !token.includes(HOME)

const newMap = () => new Map<string, Set<string>>()
const newSet = () => new Set<string>()

/** A view that remembers what was looked at. */
export class Recorder implements View {
  readonly settings: Settings
  readonly derived: Derived = new Map()
  readonly reads = new Set<Token>()
  readonly kinds = new Set<Kind>()
  readonly #seen = new Map<Kind, Map<string, Set<string>>>()
  readonly #snapshot: Snapshot
  readonly #home: string | undefined

  /** @param home the namespace that the judgement is about, if it is about one */
  constructor(snapshot: Snapshot, home?: string) {
    this.#snapshot = snapshot
    this.#home = home
    this.settings = snapshot.settings
  }

  list<T extends Kind>(kind: T, namespace?: string): readonly ResourceOf<T>[] {
    checkBudget()
    if (this.#isNew(kind, namespace ?? EVERYWHERE, '')) {
      this.#note(kind, namespace === undefined ? ofKind(kind) : ofNamespace(kind, this.#toName(namespace)))
    }
    return this.#snapshot.list(kind, namespace)
  }

  get<T extends Kind>(kind: T, namespace: string, name: string): ResourceOf<T> | undefined {
    checkBudget()
    if (this.#isNew(kind, namespace, name)) {
      this.#note(kind, ofObject(kind, this.#toName(namespace), kind === 'Namespace' ? this.#toName(name) : name))
    }
    return this.#snapshot.get(kind, namespace, name)
  }

  gateways(): readonly Workload[] {
    checkBudget()
    this.#note('Pod', GATEWAYS)
    return this.#snapshot.gateways()
  }

  rulesIn(namespace: string): readonly NamedRule[] {
    checkBudget()
    this.#note('DestinationRule', ofHosts(this.#toName(namespace)))
    this.reads.add(ANY_HOSTS)
    return this.#snapshot.rulesIn(namespace)
  }

  /** The same is read many times, and its token made but once. */
  #isNew(kind: Kind, namespace: string, name: string): boolean {
    const byNamespace = getOrAdd(this.#seen, kind, newMap)
    const names = getOrAdd(byNamespace, namespace, newSet)
    const { size } = names
    return names.add(name).size > size
  }

  #toName(namespace: string): string {
    return namespace === this.#home ? HOME : namespace
  }

  #note(kind: Kind, token: Token): void {
    this.kinds.add(kind)
    this.reads.add(token)
  }

  /** Kinds that were looked at although they could not be read: what was made of them means nothing. */
  get missing(): readonly Kind[] {
    const { unreadable } = this.#snapshot
    return unreadable.size === 0 ? [] : [...this.kinds].filter(kind => unreadable.has(kind)).sort()
  }
}

/** A view for several judgements about one thing; none where each has to say for itself what it could not read. */
export function shareView(snapshot: Snapshot, home: string): Recorder | undefined {
  return snapshot.unreadable.size === 0 ? new Recorder(snapshot, home) : undefined
}

/** Everything that the difference of two states may have been read by. */
export interface Touched {
  readonly tokens: ReadonlySet<Token>
  /** The same as judgements about a namespace know it, where it is about that namespace. */
  readonly from: ReadonlyMap<string, ReadonlySet<Token>>
}

export function touchedBy(changes: Iterable<Changed>, { clusterDomain }: Settings): Touched {
  const tokens = new Set<Token>()
  const homes = new Map<string, Set<Token>>()
  const touch = (namespace: string, toToken: (namespace: string) => Token) => {
    tokens.add(toToken(namespace))
    getOrAdd(homes, namespace, newSet).add(toToken(HOME))
  }
  for (const object of [...changes].flatMap(({ before, after }) => [before ?? [], after ?? []].flat())) {
    const { kind, namespace, name } = object
    tokens.add(ofKind(kind))
    touch(namespace, one => ofNamespace(kind, one))
    touch(namespace, one => ofObject(kind, one, name))
    if (kind === 'Namespace') touch(name, one => ofObject(kind, '', one))
    if (object.kind === 'Pod' && toWorkload(object).proxy === 'gateway') tokens.add(GATEWAYS)
    if (object.kind !== 'DestinationRule') continue
    const pinned = namespaceOfHost(toFullName(object.spec.host, namespace, clusterDomain), clusterDomain)
    if (pinned === undefined) tokens.add(ANY_HOSTS)
    else touch(pinned, ofHosts)
  }
  const from = new Map([...homes].map(([home, own]) => [home, new Set([...tokens, ...own])] as const))
  return { tokens, from }
}

/** What has been touched, as judgements about a namespace know it. */
export function seenFrom(home: string, { tokens, from }: Touched): ReadonlySet<Token> {
  return from.get(home) ?? tokens
}

/** All that several judgements were made from. Those that share a view have read it together. */
export function unite(judgements: readonly { readonly reads: ReadonlySet<Token> }[]): ReadonlySet<Token> {
  const [first] = judgements
  if (first !== undefined && judgements.every(({ reads }) => reads === first.reads)) return first.reads
  return new Set(judgements.flatMap(({ reads }) => [...reads]))
}

/** Did a change touch something that was read? */
export function isTouched(reads: ReadonlySet<Token>, touched: ReadonlySet<Token>): boolean {
  const [few, many] = reads.size < touched.size ? [reads, touched] : [touched, reads]
  for (const token of few) if (many.has(token)) return true
  return false
}

/** What a judgement came to, or why nothing can be made of it; and what it was made from. */
export type Observed<T> = { readonly reads: ReadonlySet<Token> } & (
  | { readonly value: T; readonly skip?: undefined }
  | { readonly value?: undefined; readonly skip: Omit<Skip, 'rule'> }
)

/**
 * Makes a judgement of a state. One that looks at a kind that could not be read means nothing; nor does one that throws.
 *
 * @param view where one is shared by several judgements, which then read everything but once
 * @throws {BudgetExceeded}
 */
export function observe<T>(
  snapshot: Snapshot,
  judgement: (view: View) => T,
  home?: string,
  view: Recorder = new Recorder(snapshot, home)
): Observed<T> {
  const { reads } = view
  let value: T
  try {
    value = judgement(view)
  } catch (error) {
    if (error instanceof BudgetExceeded) throw error
    const reason = `it failed: ${error instanceof Error ? error.message : String(error)}`
    return { reads, skip: { missing: view.missing, reason } }
  }
  const { missing } = view
  if (missing.length === 0) return { reads, value }
  const reason = missing.map(kind => `${kind}: ${snapshot.unreadable.get(kind)}`).join('; ')
  return { reads, skip: { missing, reason } }
}
