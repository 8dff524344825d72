/** Round-robin queue over flows; each flow is FIFO. */
export class FlowQueue<T> {
  /** In order of their turn. */
  readonly #flows = new Map<string, T[]>()

  add(flow: string, item: T): void {
    const waiting = this.#flows.get(flow)
    if (waiting === undefined) this.#flows.set(flow, [item])
    else waiting.push(item)
  }

  next(): T | undefined {
    for (const [flow, waiting] of this.#flows) {
      const item = waiting.shift()
      this.#flows.delete(flow)
      if (waiting.length > 0) this.#flows.set(flow, waiting)
      return item
    }
    return undefined
  }
}
