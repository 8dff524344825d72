import { getOrAdd } from '../state/map.ts'
import type { AccessView } from './access.ts'
import { workloadName } from './access-text.ts'
import type { Explanation, HopView, ModelView } from './explanation.ts'
import { callerLabel } from './explanation-text.ts'

/** Arrows with a label; a cross ends a request that does not pass. */
const ARROWS = { ok: '-->', blocked: '--x', unknown: '-.->' } as const

/** Nodes and edges of a flowchart, each once, in order. */
class Flowchart {
  readonly #ids = new Map<string, string>()
  readonly #edges = new Set<string>()

  /**
   * @param shape label with brackets around it, equal for one node
   * @returns id of the node
   */
  node(shape: string): string {
    return getOrAdd(this.#ids, shape, () => `n${this.#ids.size}`)
  }

  edge(from: string, to: string, verdict: HopView['verdict'], label: string): void {
    this.#edges.add(`${from} ${ARROWS[verdict]}${label === '' ? '' : `|"${quoted(label)}"|`} ${to}`)
  }

  /** @see Mermaid 11 https://mermaid.js.org/syntax/flowchart.html */
  toString(): string {
    const nodes = [...this.#ids].map(([shape, id]) => `${id}${shape}`)
    const lines = [...nodes, ...this.#edges].map(line => `  ${line}`)
    return ['flowchart LR', ...lines].join('\n')
  }
}

const quoted = (text: string) => text.replaceAll('"', '#quot;')

const box = (label: string) => `["${quoted(label)}"]`
const round = (label: string) => `(["${quoted(label)}"])`

/** Flowchart of the request paths to each InferenceService. */
export function toExplanationMermaid({ models }: Explanation): string {
  const chart = new Flowchart()
  for (const model of models) addModel(chart, model, models.length > 1)
  return chart.toString()
}

function addModel(chart: Flowchart, { inferenceService, paths }: ModelView, isNamed: boolean): void {
  const hasClasses = paths.some(({ callerNamespaces }) => callerNamespaces !== undefined)
  for (const path of paths) {
    const { caller, via, hops } = path
    const label = caller === 'probe' ? via : callerLabel(path, hasClasses)
    let from = chart.node(round(label))
    for (const hop of hops) {
      const [server = ''] = hop.name.split('->').slice(-1)
      const to = chart.node(box(server === 'pod' || isNamed ? `${inferenceService} ${server}` : server))
      chart.edge(from, to, hop.verdict, hop.failure?.rule ?? hop.unknownReason ?? '')
      from = to
    }
  }
}

/** Flowchart of the workloads that can call each InferenceService, and of those that cannot. */
export function toAccessMermaid({ models, workloads }: AccessView): string {
  const chart = new Flowchart()
  for (const { inferenceService, calls } of models) {
    for (const { verdict, workloads: positions, paths } of calls) {
      const rules = new Set(paths.flatMap(({ failure }) => failure?.rule ?? []))
      for (const [position, workload] of workloads.entries()) {
        if (!positions.includes(position)) continue
        const from = chart.node(round(workloadName(workload)))
        chart.edge(from, chart.node(box(inferenceService)), verdict, [...rules].join(', '))
      }
    }
  }
  return chart.toString()
}
