import type { HopData, Verdict } from '../page-data.ts'
import type { Elements } from './elements.ts'
import { wrap } from './wrap.ts'

const LINE_HEIGHT = 20
const BOX_PADDING = 10
const ARROW_PADDING = 14
const MARGIN = 2
const ARROW_X = 28
const LABEL_X = 52
const BOX_LABEL_X = 16
/** Mean width of a letter in long texts, of a wide font. */
const LETTER_WIDTH = { regular: 8.2, bold: 9.4 } as const

/** A request path as a list of boxes from top to bottom, with an arrow for each hop. */
export class Diagram {
  readonly #elements: Elements
  readonly #width: number
  readonly #drawn: Element[] = []
  #y = MARGIN

  constructor(elements: Elements, width: number) {
    this.#elements = elements
    this.#width = width
  }

  addBox(text: string, verdict: Verdict): void {
    const lines = wrap(text, (this.#width - 2 * BOX_LABEL_X) / LETTER_WIDTH.bold)
    const height = lines.length * LINE_HEIGHT + 2 * BOX_PADDING
    const frame = { x: MARGIN, y: this.#y, width: this.#width - 2 * MARGIN, height, rx: 6, class: `box ${verdict}` }
    this.#drawn.push(this.#elements.svg('rect', frame))
    this.#addLines(lines, BOX_LABEL_X, this.#y + BOX_PADDING, 'name')
    this.#y += height
  }

  addHop({ verdict, labels, result }: HopData): void {
    const linesOf = (texts: readonly string[], letter: number) =>
      texts.flatMap(text => wrap(text, (this.#width - LABEL_X) / letter))
    const facts = linesOf(labels, LETTER_WIDTH.regular)
    const results = linesOf(result, verdict === 'ok' ? LETTER_WIDTH.regular : LETTER_WIDTH.bold)
    const height = (facts.length + results.length) * LINE_HEIGHT + 2 * ARROW_PADDING
    this.#addArrow(verdict, height)
    const top = this.#y + ARROW_PADDING
    this.#addLines(facts, LABEL_X, top, 'label')
    this.#addLines(results, LABEL_X, top + facts.length * LINE_HEIGHT, verdict)
    this.#y += height
  }

  /** @param label what a screen reader reads */
  toSvg(label: string): Element {
    const [width, height] = [this.#width, this.#y + MARGIN]
    const size = { width, height, viewBox: `0 0 ${width} ${height}` }
    return this.#elements.svg('svg', { role: 'img', 'aria-label': label, ...size }, ...this.#drawn)
  }

  #addLines(lines: readonly string[], x: number, top: number, name: string): void {
    for (const [i, line] of lines.entries())
      this.#drawn.push(this.#elements.svg('text', { x, y: top + LINE_HEIGHT * (i + 0.72), class: name }, line))
  }

  /** A head at its end, or a cross in its middle if the request does not get through. */
  #addArrow(verdict: Verdict, height: number): void {
    const [start, end, middle] = [this.#y, this.#y + height, this.#y + height / 2]
    const head = `M${ARROW_X - 6} ${end - 10}L${ARROW_X} ${end - 1}L${ARROW_X + 6} ${end - 10}`
    const cross = `M${ARROW_X - 8} ${middle - 8}l16 16m0 -16l-16 16`
    const line = { x1: ARROW_X, y1: start, x2: ARROW_X, y2: end, class: `arrow ${verdict}` }
    this.#drawn.push(
      this.#elements.svg('line', line),
      this.#elements.svg('path', { d: verdict === 'blocked' ? cross : head, class: `head ${verdict}` })
    )
  }
}
