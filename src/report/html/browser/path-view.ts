import {
  type CauseData,
  codeParts,
  type FigureData,
  type HopData,
  type PageData,
  type PathData,
  withNames
} from '../page-data.ts'
import { Diagram } from './diagram.ts'
import type { Elements } from './elements.ts'

/** Width of a diagram where the width of the page is not known. */
const DEFAULT_WIDTH = 640
const MAX_WIDTH = 720
/** Width of a column of two diagrams, and the gap, as in the style. */
const MIN_WIDTH = 320
const GAP = 24

const MAX_CALLERS = 3

/** The first names, and the number of the others. */
export function listCallers(callers: readonly string[]): string {
  const more = callers.length - MAX_CALLERS
  return `${callers.slice(0, MAX_CALLERS).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

export interface ShownPath {
  /** `namespace/name` of the model. */
  readonly name: string
  readonly path: PathData
  readonly callers: readonly string[]
}

/** Elements that a path is shown in. A screen reader announces the new content of the status. */
export interface Target {
  readonly status: HTMLElement
  readonly content: HTMLElement
}

/** Shows the diagrams, hops, cause and callers of a request path. */
export function showPath(data: PageData, elements: Elements, { status, content }: Target, shown: ShownPath): void {
  const { html } = elements
  const { name, path, callers } = shown
  // Every position in the data is valid.
  const available = content.clientWidth || DEFAULT_WIDTH
  const isWide = path.figures.length > 1 && available >= 2 * MIN_WIDTH + GAP
  const width = Math.min(isWide ? (available - GAP) / 2 : available, MAX_WIDTH)
  const hopsOf = ({ hops }: FigureData) => hops.map(one => withNames(data.hops[one] as HopData, name))
  const caller = listCallers(callers)
  const badge = html('span', { class: path.verdict }, path.result)
  const figures = path.figures.map(figure =>
    toFigure(elements, figure.title, hopsOf(figure), { name, caller, width: Math.floor(width) })
  )
  const causes = path.causes.map(one => withNames(data.causes[one] as CauseData, name))
  status.replaceChildren(html('h3', {}, badge, ` ${caller}, ${path.address}`))
  content.replaceChildren(
    ...path.notes.map(note => html('p', {}, note)),
    html('div', { class: 'figures' }, ...figures),
    ...causes.map(cause => toCause(elements, cause)),
    ...(callers.length > 1 ? [toCallers(elements, callers)] : [])
  )
}

function toFigure(
  elements: Elements,
  title: string,
  hops: readonly HopData[],
  { name, caller, width }: { readonly name: string; readonly caller: string; readonly width: number }
): HTMLElement {
  const { html } = elements
  const caption = html('figcaption', {}, title)
  const [first] = hops
  if (first === undefined) return html('figure', {}, caption, html('p', {}, 'no such request path'))
  const diagram = new Diagram(elements, width)
  diagram.addBox(['', 'caller'].includes(first.client) ? `caller: ${caller}` : first.client, 'ok')
  for (const hop of hops) {
    diagram.addHop(hop)
    diagram.addBox(hop.server === 'pod' ? `${name} pod` : hop.server, hop.verdict)
  }
  const label = hops.map(({ client, server, labels, result }) =>
    [`${client} to ${server}`, ...labels, ...result].join(', ')
  )
  const facts = hops.map(({ client, server, facts }) =>
    html('li', {}, `${client} to ${server}`, html('ul', {}, ...facts.map(fact => html('li', {}, fact))))
  )
  const details = html('details', {}, html('summary', {}, 'What configures each hop'), html('ol', {}, ...facts))
  return html('figure', {}, caption, diagram.toSvg(label.join('. ')), details)
}

function toCause(elements: Elements, { rule, message, at, symptom, fix, yaml }: CauseData): HTMLElement {
  const { html } = elements
  const terms = (
    [
      ['Object', at],
      ['Symptom', symptom],
      ['Fix', fix]
    ] as const
  ).filter(([, text]) => text !== '')
  const objects = html('details', {}, html('summary', {}, 'Objects of the fix'), html('pre', { tabindex: '0' }, yaml))
  return html(
    'article',
    { class: 'cause' },
    html('h3', {}, `Cause: ${rule}`),
    html('p', {}, message),
    html(
      'dl',
      {},
      ...terms.flatMap(([term, text]) => [html('dt', {}, term), html('dd', {}, ...toCode(elements, text))])
    ),
    ...(yaml === '' ? [] : [objects])
  )
}

function toCode({ html }: Elements, text: string): readonly (Node | string)[] {
  return codeParts(text).map((part, i) => (i % 2 === 0 ? part : html('code', {}, part)))
}

function toCallers({ html }: Elements, callers: readonly string[]): HTMLElement {
  const summary = html('summary', {}, `${callers.length} callers`)
  return html('details', {}, summary, html('ul', {}, ...callers.map(one => html('li', {}, one))))
}
