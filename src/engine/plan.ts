import { findKind, type Kind, type Ref, type Resource, toRef } from '../state/resource.ts'
import type { Snapshot } from '../state/snapshot.ts'
import { type Applied, admit, keyOf, type StepContext, type StepResult } from './admission-step.ts'
import { isUnchanged } from './exempt.ts'
import type { Finding } from './finding.ts'

/** Cluster state, with the objects as they were read, by `keyOf`. */
export interface PlanState {
  readonly state: Snapshot
  readonly objects: ReadonlyMap<string, unknown>
}

/** A change to make in any order; changes of one object keep their order. */
export interface WantedChange extends Omit<Applied, 'oldObject'> {
  readonly ref: Ref
  readonly deleting: boolean
}

export interface PlanStep extends Pick<StepResult, 'change' | 'decision'> {
  readonly wanted: WantedChange
  /** Denial that an inserted step prevents; absent for a wanted change. */
  readonly prevents: Finding | undefined
}

export interface Plan {
  /** `impossible`: all orders were tried, with the fixes of the denials; `gave-up`: not all. */
  readonly outcome: 'planned' | 'impossible' | 'gave-up'
  /** In order; without a plan, the steps after which the fewest changes are denied. */
  readonly steps: readonly PlanStep[]
  /** Changes that are denied after these steps. */
  readonly denied: readonly PlanStep[]
}

/** Number of changes that are evaluated before the search gives up. */
const MAX_EVALUATIONS = 5_000

/**
 * An order of changes in which none is denied. Where no change is admitted, the proven fixes of the denials are inserted as
 * steps.
 */
export function plan(
  start: PlanState,
  wanted: readonly WantedChange[],
  context: Omit<StepContext, 'deleting'>,
  maxEvaluations = MAX_EVALUATIONS
): Plan {
  const search = new Search(context, maxEvaluations)
  const steps = search.explore({ ...start, remaining: wanted, steps: [] })
  if (steps !== undefined) return { outcome: 'planned', steps, denied: [] }
  return { outcome: search.isExhausted ? 'gave-up' : 'impossible', ...search.closest }
}

interface Node extends PlanState {
  readonly remaining: readonly WantedChange[]
  readonly steps: readonly PlanStep[]
}

/** An admitted step, and the state after it. */
interface Edge {
  readonly step: PlanStep
  readonly next: Node
}

/** Depth-first search. */
class Search {
  readonly #context: Omit<StepContext, 'deleting'>
  readonly #maxEvaluations: number
  readonly #visited = new Set<string>()
  #evaluations = 0
  #fewestDenied = Infinity
  closest: Pick<Plan, 'steps' | 'denied'> = { steps: [], denied: [] }

  constructor(context: Omit<StepContext, 'deleting'>, maxEvaluations: number) {
    this.#context = context
    this.#maxEvaluations = maxEvaluations
  }

  get isExhausted(): boolean {
    return this.#evaluations >= this.#maxEvaluations
  }

  explore(node: Node): readonly PlanStep[] | undefined {
    if (node.remaining.length === 0) return node.steps
    const key = visitKey(node)
    if (this.#visited.has(key) || this.isExhausted) return undefined
    this.#visited.add(key)
    const tried = firstOfEachObject(node.remaining).map(wanted => this.#try(node, wanted, undefined))
    const done = tried.find(({ step }) => step === undefined)
    if (done !== undefined) return this.explore(done.next)
    const edges = tried.filter(isEdge)
    const [denied, admitted] = [edges.filter(isDenied), edges.filter(one => !isDenied(one))]
    if (admitted.length === 0 && denied.length < this.#fewestDenied) {
      this.#fewestDenied = denied.length
      this.closest = { steps: node.steps, denied: denied.map(({ step }) => step) }
    }
    return this.#first(admitted.sort(allowedFirst)) ?? this.#first(denied.flatMap(one => this.#fixesOf(node, one.step)))
  }

  #first(edges: readonly Edge[]): readonly PlanStep[] | undefined {
    for (const { next } of edges) {
      const found = this.explore(next)
      if (found !== undefined) return found
    }
    return undefined
  }

  /** Without a step if there is nothing to do. */
  #try(node: Node, wanted: WantedChange, prevents: Finding | undefined): { step: PlanStep | undefined; next: Node } {
    this.#evaluations++
    const key = keyOf(wanted.ref)
    const remaining = node.remaining.filter(one => one !== wanted)
    const applied = { ...wanted, oldObject: node.objects.get(key) }
    const result = admit(node.state, applied, { ...this.#context, deleting: wanted.deleting })
    if (result === undefined || isUnchanged(result.change, () => true))
      return { step: undefined, next: { ...node, remaining } }
    const { change, decision, next: state, object } = result
    const step = { wanted, change, decision, prevents }
    const objects = new Map(node.objects).set(key, object)
    return { step, next: { state, objects, remaining, steps: [...node.steps, step] } }
  }

  /** The objects of proven fixes, each as a step. */
  #fixesOf(node: Node, { decision: { findings } }: PlanStep): readonly Edge[] {
    return findings.flatMap(finding =>
      fixChanges(node.state, finding, this.#context.read)
        .map(change => this.#try(node, change, finding))
        .filter(isEdge)
        .filter(one => !isDenied(one))
    )
  }
}

const isEdge = (tried: { readonly step: PlanStep | undefined; readonly next: Node }): tried is Edge =>
  tried.step !== undefined
const isDenied = ({ step: { decision } }: Edge) => decision.decision === 'deny'
const allowedFirst = (a: Edge, b: Edge) => warnings(a) - warnings(b)
const warnings = ({ step: { decision } }: Edge) => Number(decision.decision !== 'allow')

/** The objects that the steps wrote last, and the changes left: the state does not depend on the order of the steps. */
function visitKey({ steps, remaining }: Node): string {
  const written = new Map(steps.map(({ wanted: { ref, object, deleting } }) => [keyOf(ref), deleting ? null : object]))
  return JSON.stringify([[...written].sort(([a], [b]) => (a < b ? -1 : 1)), remaining.map(({ ref }) => keyOf(ref))])
}

function firstOfEachObject(changes: readonly WantedChange[]): readonly WantedChange[] {
  const keys = changes.map(({ ref }) => keyOf(ref))
  return changes.filter(({ ref }, i) => keys.indexOf(keyOf(ref)) === i)
}

/** Changes that a proven fix consists of: its objects can be read, and those that it removes exist. */
function fixChanges(
  state: Snapshot,
  { fix: { apply = [], remove = [] } }: Finding,
  read: StepContext['read']
): readonly WantedChange[] {
  const applied = apply.map(object => {
    const resource = read(object) as Resource
    return { ref: { ...toRef(resource), kind: object.kind }, resource, object, deleting: false }
  })
  const removed = remove.map(ref => {
    const resource = state.get(findKind(ref.apiVersion, ref.kind) as Kind, ref.namespace, ref.name)
    return { ref, resource: resource as Resource, object: undefined, deleting: true }
  })
  return [...applied, ...removed]
}
