import { getKnown } from '../state/map.ts'
import { admit, keyOf, type StepContext, type StepResult } from './admission-step.ts'
import type { Finding } from './finding.ts'
import { type Candidate, type FixedDocument, type FixState, type Written, withFixes } from './fix-candidate.ts'

export interface FixedStep<W extends Written> extends FixedDocument<W> {
  /** Absent for kinds that are not evaluated. */
  readonly result: StepResult | undefined
}

type Context = Omit<StepContext, 'deleting'>

/**
 * Corrects changes, so that none is denied if they are applied in order: proven fixes of a denial are merged into the
 * manifests that define their objects, and the others are inserted before the change. A fix without objects changes
 * nothing: the change stays denied.
 *
 * @returns all manifests and new objects, in the order in which they are applied
 */
export function fixChanges<W extends Written>(
  start: FixState,
  written: readonly W[],
  context: Context
): readonly FixedStep<W>[] {
  const sequence = new Sequence<W>(start, context)
  let pending = written.map((one): FixedDocument<W> => ({ ...one, written: one, deleting: false, reasons: [] }))
  let steps: readonly Evaluated<W>[] = []
  for (let [first, ...rest] = pending; first !== undefined; [first, ...rest] = pending) {
    const step = sequence.evaluate(steps, first)
    const fixed = sequence.improve(steps, step, rest)
    steps = fixed?.steps ?? [...steps, step]
    pending = [...(fixed?.pending ?? rest)]
  }
  return steps
}

/** A step with the state after it. */
interface Evaluated<W extends Written> extends FixedStep<W> {
  readonly after: FixState
}

interface Improved<W extends Written> {
  readonly steps: readonly Evaluated<W>[]
  /** The change and the documents after it. */
  readonly pending: readonly FixedDocument<W>[]
}

class Sequence<W extends Written> {
  readonly #start: FixState
  readonly #context: Context

  constructor(start: FixState, context: Context) {
    this.#start = start
    this.#context = context
  }

  evaluate(steps: readonly Evaluated<W>[], document: FixedDocument<W>): Evaluated<W> {
    const { state, objects } = steps.at(-1)?.after ?? this.#start
    const { resource, deleting, object, ref } = document
    const key = keyOf(ref)
    const context = { ...this.#context, deleting }
    const result = resource && admit(state, { resource, object, oldObject: objects.get(key) }, context)
    if (result === undefined) return { ...document, result, after: { state, objects } }
    return { ...document, result, after: { state: result.next, objects: new Map(objects).set(key, result.object) } }
  }

  /** Applies fixes of a denied step. Absent if no fix leaves fewer denials of it and denies nothing else. */
  improve(
    steps: readonly Evaluated<W>[],
    denied: Evaluated<W>,
    rest: readonly FixedDocument<W>[]
  ): Improved<W> | undefined {
    const fixable = denialsOf(denied).filter(({ fix: { apply = [], remove = [] } }) => apply.length + remove.length > 0)
    const choices = fixable.length > 1 ? [fixable, ...fixable.map(one => [one])] : fixable.map(one => [one])
    const unchanged = { before: steps, inserted: [], target: denied, rest }
    const context = { start: this.#start, read: this.#context.read }
    return choices
      .flatMap(findings => [true, false].map(isMerging => ({ findings, isMerging })))
      .reduce<Improved<W> | undefined>(
        (improved, { findings, isMerging }) =>
          improved ?? this.#try(steps, withFixes(unchanged, findings, { ...context, isMerging }), denied),
        undefined
      )
  }

  /** @param denied the change without these fixes */
  #try(steps: readonly Evaluated<W>[], candidate: Candidate<W>, denied: Evaluated<W>): Improved<W> | undefined {
    const { before, inserted, target, rest } = candidate
    const changed = before.findIndex((one, i) => one !== steps[i])
    const same = changed < 0 ? before.length : changed
    let done = steps.slice(0, same)
    for (const one of before.slice(same)) {
      const step = this.evaluate(done, one)
      const known = steps.filter(({ written }) => written !== undefined && written === one.written)
      if (denialsOf(step).length > known.flatMap(denialsOf).length) return undefined
      done = [...done, step]
    }
    for (let pending = inserted; pending.length > 0; ) {
      const evaluated = pending.map(one => this.evaluate(done, one))
      const admitted = evaluated.find(one => denialsOf(one).length === 0)
      if (admitted === undefined) return undefined
      done = [...done, admitted]
      pending = pending.filter((_, i) => evaluated[i] !== admitted)
    }
    if (denialsOf(this.evaluate(done, target)).length >= denialsOf(denied).length) return undefined
    return { steps: done, pending: [target, ...rest] }
  }
}

export const denialsOf = ({ result }: FixedStep<Written>): readonly Finding[] =>
  (result?.decision.findings ?? []).filter(({ mode }) => mode === 'deny')

/** Documents that move before one that was given earlier. */
export function movedSteps<W extends Written>(
  steps: readonly FixedStep<W>[],
  written: readonly W[]
): ReadonlySet<FixedStep<W>> {
  const positions = new Map<W | undefined, number>(written.map((one, i) => [one, i] as const)).set(undefined, Infinity)
  const moved = new Set<FixedStep<W>>()
  let earliest = Infinity
  for (const step of steps.toReversed()) {
    const position = getKnown(positions, step.written)
    if (position > earliest && step.written !== undefined) moved.add(step)
    earliest = Math.min(earliest, position)
  }
  return moved
}
