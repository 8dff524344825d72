/** Generates the Grafana dashboard of the chart. `test/e2e/prometheus.e2e.ts` runs its queries. */
import { type Panel, ROWS } from './dashboard-panels.ts'

const DATASOURCE = { type: 'prometheus', uid: '$datasource' }
const WIDTH = 24
const HEIGHTS = { timeseries: 8, stat: 4 } as const

interface Position {
  readonly x: number
  readonly y: number
  readonly w: number
  readonly h: number
}

function toPanel({ title, description, type, unit, queries, mappings = {} }: Panel, id: number, gridPos: Position) {
  return {
    id,
    type,
    title,
    description,
    datasource: DATASOURCE,
    gridPos,
    fieldConfig: {
      defaults: { unit, mappings: Object.keys(mappings).length === 0 ? [] : [{ type: 'value', options: mappings }] },
      overrides: []
    },
    targets: queries.map(({ expr, legend }, i) => ({
      refId: String.fromCharCode('A'.charCodeAt(0) + i),
      datasource: DATASOURCE,
      expr,
      legendFormat: legend
    }))
  }
}

/** Panels below a heading, side by side: stats in one line, time series in lines of three. */
function layOut(): readonly object[] {
  const placed: object[] = []
  let y = 0
  for (const [title, panels] of Object.entries(ROWS)) {
    placed.push({
      id: placed.length + 1,
      type: 'row',
      title,
      collapsed: false,
      panels: [],
      gridPos: at(0, y, WIDTH, 1)
    })
    y++
    const perLine = panels[0]?.type === 'stat' ? panels.length : 3
    for (let first = 0; first < panels.length; first += perLine) {
      const line = panels.slice(first, first + perLine)
      const w = WIDTH / line.length
      const h = Math.max(...line.map(({ type }) => HEIGHTS[type]))
      for (const [i, panel] of line.entries()) placed.push(toPanel(panel, placed.length + 1, at(i * w, y, w, h)))
      y += h
    }
  }
  return placed
}

const at = (x: number, y: number, w: number, h: number): Position => ({ x, y, w, h })

export function makeDashboard(): string {
  const job = 'label_values(mesh_guard_ready, job)'
  const dashboard = {
    uid: 'kserve-mesh-guard',
    title: 'kserve-mesh-guard',
    tags: ['kserve', 'istio'],
    schemaVersion: 39,
    timezone: 'browser',
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    templating: {
      list: [
        { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus' },
        { name: 'job', type: 'query', datasource: DATASOURCE, query: job, refresh: 2, includeAll: true, multi: true }
      ]
    },
    panels: layOut()
  }
  return `${JSON.stringify(dashboard, undefined, 2)}\n`
}
