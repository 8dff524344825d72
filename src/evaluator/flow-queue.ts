/** A queue whose flows take turns. Within a flow, the first to come is the first to leave. */
export class FlowQueue<T> {
  /** The flow whose turn it is comes first. */
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
