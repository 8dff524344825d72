import { getOrAdd } from '../../state/map.ts'
import type { FailureView, HopView } from '../explanation.ts'
import { toCauseData, toHopData } from './hop-data.ts'
import {
  type BodyData,
  type CauseData,
  type HopData,
  type PageData,
  type PathData,
  toRanges,
  withoutNames
} from './page-data.ts'

/** Path of a model, before its hops and causes are positions. */
export interface PathInput extends Omit<PathData, 'callers' | 'figures' | 'causes'> {
  readonly callers: readonly number[]
  readonly figures: readonly { readonly title: string; readonly hops: readonly HopView[] }[]
  readonly failures: readonly FailureView[]
}

/** Collects the data of a page. What models have in common is in it once. */
export class PageBuilder {
  readonly #callers = new Distinct<string>()
  readonly #hops = new Distinct<HopData>()
  readonly #causes = new Distinct<CauseData>()
  readonly #bodies = new Distinct<BodyData>()
  readonly #models: (readonly [string, number])[] = []

  /** @returns position of the name */
  addCaller(name: string): number {
    return this.#callers.add(name)
  }

  /** @returns position of the model */
  addModel(inferenceService: string, paths: readonly PathInput[], notes: readonly string[]): number {
    const common = <T>(all: Distinct<T>, value: T) => all.add(withoutNames(value, inferenceService))
    const body = {
      notes,
      paths: paths.map(({ callers, figures, failures, ...path }) => ({
        ...path,
        callers: toRanges([...new Set(callers)].sort((a, b) => a - b)),
        figures: figures.map(({ title, hops }) => ({
          title,
          hops: hops.map(hop => common(this.#hops, toHopData(hop)))
        })),
        causes: failures.map(one => common(this.#causes, toCauseData(one)))
      }))
    }
    return this.#models.push([inferenceService, common(this.#bodies, body)]) - 1
  }

  build(): PageData {
    return {
      callers: this.#callers.values,
      hops: this.#hops.values,
      causes: this.#causes.values,
      bodies: this.#bodies.values,
      models: this.#models
    }
  }
}

/** Values of plain data, each once. */
class Distinct<T> {
  readonly #positions = new Map<string, number>()
  readonly values: T[] = []

  /** @returns position of the value */
  add(value: T): number {
    return getOrAdd(this.#positions, JSON.stringify(value), () => this.values.push(value) - 1)
  }
}
