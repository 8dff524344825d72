import type { Snapshot } from '../state/snapshot.ts'
import { admit, keyOf, type StepContext, type StepResult } from './admission-step.ts'
import { isUnchanged } from './exempt.ts'
import type { Finding } from './finding.ts'
import { restart, withoutPods } from './restart.ts'
import { changesOfFix, type WantedChange } from './wanted-change.ts'

/** Cluster state, with the objects as they were read, by `keyOf`. */
export interface PlanState {
  readonly state: Snapshot
  readonly objects: ReadonlyMap<string, unknown>
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

/** Input that is equal for all steps. */
export interface PlanContext extends Omit<StepContext, 'deleting'> {
  /** Further changes that can prevent a denial, besides its proven fixes. */
  readonly remedies?: (state: Snapshot, denial: Finding) => readonly WantedChange[]
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
  context: PlanContext,
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
  readonly #context: PlanContext
  readonly #maxEvaluations: number
  readonly #visited = new Set<string>()
  #evaluations = 0
  #fewestDenied = Infinity
  closest: Pick<Plan, 'steps' | 'denied'> = { steps: [], denied: [] }

  constructor(context: PlanContext, maxEvaluations: number) {
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
    const edges: Edge[] = []
    for (const wanted of readyIn(node.remaining)) {
      const tried = this.#try(node, wanted, undefined)
      if (!isEdge(tried)) return this.explore(tried.next)
      // Changes without findings come first, so the others need not be evaluated yet.
      const found = tried.step.decision.decision === 'allow' ? this.explore(tried.next) : undefined
      if (found !== undefined) return found
      edges.push(tried)
    }
    const [denied, admitted] = [edges.filter(isDenied), edges.filter(one => !isDenied(one))]
    if (admitted.length === 0 && denied.length < this.#fewestDenied) {
      this.#fewestDenied = denied.length
      this.closest = { steps: node.steps, denied: denied.map(({ step }) => step) }
    }
    return this.#first(admitted) ?? this.#first(denied.flatMap(one => this.#fixesOf(node, one.step)))
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
    const result = this.#decide(node, wanted, node.objects.get(key))
    if (result === undefined || isUnchanged(result.change, () => true))
      return { step: undefined, next: { ...node, remaining } }
    const { change, decision, next: state, object } = result
    const step = { wanted, change, decision, prevents }
    const objects = wanted.restarts === undefined ? new Map(node.objects).set(key, object) : node.objects
    return { step, next: { state, objects, remaining, steps: [...node.steps, step] } }
  }

  #decide({ state }: Node, wanted: WantedChange, oldObject: unknown): StepResult | undefined {
    const { restarts, replacing = [], deleting } = wanted
    if (restarts !== undefined) return restart(state, restarts, this.#context)
    const decide = (from: Snapshot) => admit(from, { ...wanted, oldObject }, { ...this.#context, deleting })
    const later = replacing.length === 0 ? undefined : decide(withoutPods(state, replacing))
    return later?.decision.decision === 'deny' ? { ...later, next: state } : decide(state)
  }

  /** Other remedies that help, then the objects of proven fixes, each as a step. */
  #fixesOf(node: Node, { wanted, decision: { findings } }: PlanStep): readonly Edge[] {
    const { read, remedies = () => [] } = this.#context
    const admitted = (changes: readonly WantedChange[], finding: Finding) =>
      changes
        .map(change => this.#try(node, change, finding))
        .filter(isEdge)
        .filter(one => !isDenied(one))
    return [
      ...findings.flatMap(one =>
        admitted(remedies(node.state, one), one).filter(edge => this.#helps(edge, wanted, one))
      ),
      ...findings.flatMap(one => admitted(changesOfFix(node.state, one, read), one))
    ]
  }

  /** True if a denied change does not block one of these paths after a step. */
  #helps({ next }: Edge, denied: WantedChange, { blocked }: Finding): boolean {
    const { step } = this.#try(next, denied, undefined)
    const left = new Set(step?.decision.findings.flatMap(one => one.blocked.map(path => JSON.stringify(path))))
    return blocked.some(path => !left.has(JSON.stringify(path)))
  }
}

const isEdge = (tried: { readonly step: PlanStep | undefined; readonly next: Node }): tried is Edge =>
  tried.step !== undefined
const isDenied = ({ step: { decision } }: Edge) => decision.decision === 'deny'

/** The objects that the steps wrote last, and the changes left: the state does not depend on the order of the steps. */
function visitKey({ steps, remaining }: Node): string {
  const written = new Map(steps.map(({ wanted: { ref, object, deleting } }) => [keyOf(ref), deleting ? null : object]))
  return JSON.stringify([[...written].sort(([a], [b]) => (a < b ? -1 : 1)), remaining.map(({ ref }) => keyOf(ref))])
}

/** The first change of each object, unless others must be made before. */
function readyIn(changes: readonly WantedChange[]): readonly WantedChange[] {
  const keys = changes.map(({ ref }) => keyOf(ref))
  return changes.filter(
    ({ ref, after = [] }, i) => keys.indexOf(keyOf(ref)) === i && !after.some(one => changes.includes(one))
  )
}
