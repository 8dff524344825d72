import type { PageData } from '../page-data.ts'
import { type Elements, elementsOf } from './elements.ts'
import { ModelView } from './model-view.ts'

const HASH = '#model-'
const FIRST = `${HASH}0`

/** Makes the table of a page a list to choose from, and shows the chosen model. The address has its position. */
export function start(document: Document): void {
  const find = <E extends Element>(selector: string) => document.querySelector(selector) as E
  const elements = elementsOf(document)
  const data: PageData = JSON.parse(find('#data').textContent)
  const view = new ModelView(data, elements, find('#model'))
  const rows = [...document.querySelectorAll<HTMLElement>('#models tr')]
  const links = rows.flatMap(row => toLink(elements, row))
  addFilters(elements, rows, find('#filters'))
  const show = (hash: string): HTMLElement | undefined => {
    const model = hash.startsWith(HASH) ? data.models[Number(hash.slice(HASH.length))] : undefined
    if (model === undefined) return undefined
    for (const link of links) {
      if (link.getAttribute('href') === hash) link.setAttribute('aria-current', 'true')
      else link.removeAttribute('aria-current')
    }
    return view.show(model)
  }
  const { location } = document
  // A document with scripts has a window.
  const window = document.defaultView as Window
  const shown = () => show(location.hash === '' ? FIRST : location.hash)
  window.addEventListener('hashchange', () => shown()?.focus())
  let width = window.innerWidth
  window.addEventListener('resize', () => {
    // Scrolling on a phone changes the height.
    if (window.innerWidth !== width) view.redraw()
    width = window.innerWidth
  })
  if (shown() === undefined) show(FIRST)
}

/** The name of a model becomes a link to its paths. */
function toLink({ html }: Elements, row: HTMLElement): readonly HTMLAnchorElement[] {
  const { model } = row.dataset
  if (model === undefined) return []
  // Each row has a head.
  const name = row.querySelector('th') as HTMLElement
  const link = html('a', { href: `${HASH}${model}` }, name.textContent)
  name.replaceChildren(link)
  return [link]
}

function addFilters({ html }: Elements, rows: readonly HTMLElement[], target: HTMLElement): void {
  const text = html('input', { type: 'search', autocomplete: 'off' })
  const affected = html('input', { type: 'checkbox' })
  const status = html('p', { role: 'status' })
  const entries = rows.map(row => ({
    row,
    text: row.textContent.toLowerCase(),
    isAffected: row.querySelector('.blocked, .unknown') !== null
  }))
  const filter = () => {
    const wanted = text.value.trim().toLowerCase()
    for (const entry of entries)
      entry.row.hidden = !entry.text.includes(wanted) || (affected.checked && !entry.isAffected)
    const { length } = entries.filter(({ row }) => !row.hidden)
    status.textContent = `${length} of ${rows.length} shown`
  }
  target.append(
    html('label', { class: 'field' }, 'Filter ', text),
    html('label', {}, affected, ' only affected'),
    status
  )
  target.hidden = false
  target.addEventListener('input', filter)
  filter()
}
