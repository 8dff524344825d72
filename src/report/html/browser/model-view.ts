import { type BodyData, fromRanges, type PageData, type PathData, withNames } from '../page-data.ts'
import type { Elements } from './elements.ts'
import { listCallers, showPath, type Target } from './path-view.ts'

/** A request path with the names of its callers, and its row in the list. */
interface Choice {
  readonly path: PathData
  readonly callers: readonly string[]
  readonly input: HTMLInputElement
  readonly row: HTMLElement
}

/** Shows the request paths of one model to choose from, and the chosen one. */
export class ModelView {
  readonly #data: PageData
  readonly #elements: Elements
  readonly #section: HTMLElement
  readonly #chosen: Target
  #draw: (() => void) | undefined

  constructor(data: PageData, elements: Elements, section: HTMLElement) {
    this.#data = data
    this.#elements = elements
    this.#section = section
    this.#chosen = { status: elements.html('div', { role: 'status' }), content: elements.html('div', {}) }
  }

  /** @returns the heading, which can have the focus */
  show(model: readonly [inferenceService: string, body: number]): HTMLElement {
    const [name, position] = model
    const { notes, paths } = withNames(this.#data.bodies[position] as BodyData, name)
    const choices = paths.map((path, i) => this.#choice(path, `${i}`))
    const heading = this.#elements.html('h2', { id: 'model-name', tabindex: '-1' }, name)
    this.#section.replaceChildren(heading, ...notes.map(note => this.#elements.html('p', {}, note)))
    this.#section.hidden = false
    this.#draw = undefined
    if (choices.length > 0) this.#addChoices(name, choices)
    return heading
  }

  /** Draws the chosen path in the current width of the page. */
  redraw(): void {
    this.#draw?.()
  }

  #choice(path: PathData, value: string): Choice {
    const { html } = this.#elements
    const callers = fromRanges(path.callers).map(one => this.#data.callers[one] as string)
    const input = html('input', { type: 'radio', name: 'path', value })
    const titles = path.figures.map(({ title }) => html('span', { class: 'muted' }, title))
    const texts = html(
      'span',
      {},
      html('span', { class: path.verdict }, path.result),
      ' ',
      html('strong', {}, listCallers(callers)),
      html('span', { class: 'muted' }, path.address),
      ...titles
    )
    const row = html('label', { class: 'choice' }, input, texts)
    return { path, callers, input, row }
  }

  #addChoices(name: string, choices: readonly Choice[]): void {
    const { html } = this.#elements
    const choose = ({ path, callers, input }: Choice) => {
      input.checked = true
      const draw = () => showPath(this.#data, this.#elements, this.#chosen, { name, path, callers })
      this.#draw = draw
      draw()
    }
    const list = html('fieldset', {}, html('legend', {}, 'Request path'), ...choices.map(({ row }) => row))
    list.addEventListener('change', () => choices.filter(({ input }) => input.checked).forEach(choose))
    const select = this.#callerSelect(choices)
    select.addEventListener('change', () => {
      for (const { row, callers } of choices) row.hidden = select.value !== '' && !callers.includes(select.value)
      choices
        .filter(({ row }) => !row.hidden)
        .slice(0, 1)
        .forEach(choose)
    })
    const caller = html('label', { class: 'field' }, 'Caller ', select)
    const column = html('div', { class: 'choices' }, caller, list)
    const chosen = html('div', { id: 'path' }, this.#chosen.status, this.#chosen.content)
    this.#section.append(html('div', { class: 'columns' }, column, chosen))
    choices.slice(0, 1).forEach(choose)
  }

  #callerSelect(choices: readonly Choice[]): HTMLSelectElement {
    const { html } = this.#elements
    const names = new Set(choices.flatMap(({ callers }) => callers))
    const options = [...names].map(name => html('option', { value: name }, name))
    return html('select', {}, html('option', { value: '' }, 'all callers'), ...options)
  }
}
