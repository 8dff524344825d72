import { isDeepStrictEqual } from 'node:util'
import { type Document, isMap, isSeq, type ParsedNode, type YAMLMap, type YAMLSeq } from 'yaml'
import { toYaml } from '../text/to-yaml.ts'
import { type Style, styleOf } from './yaml-style.ts'

/** Replaces the characters from `start` to `end`. */
export interface Splice {
  readonly start: number
  readonly end: number
  readonly text: string
}

type Fields = Readonly<Record<string, unknown>>
type ParsedPair = YAMLMap.Parsed['items'][number]

/** Finds the characters of a document to replace. The caller verifies the result: unusual layouts are not covered. */
export class YamlEditor {
  readonly #text: string
  readonly #document: Document.Parsed
  readonly #style: Style

  constructor(text: string, document: Document.Parsed) {
    this.#text = text
    this.#document = document
    this.#style = styleOf(text)
  }

  /** Splices that give a map or list another value. */
  edit(node: ParsedNode, value: unknown): readonly Splice[] {
    if (this.#isEqual(node, value)) return []
    if (isMap(node) && isFields(value))
      return node.flow ? this.#editFlowMap(node, value) : this.#editBlockMap(node, value)
    if (isSeq(node) && Array.isArray(value))
      return node.flow ? this.#editFlowSeq(node, value) : this.#editBlockSeq(node, value)
    return [{ start: node.range[0], end: this.#endOf(node), text: toFlow(value) }]
  }

  #editBlockMap({ items }: YAMLMap.Parsed, fields: Fields): readonly Splice[] {
    const keys = items.map(keyOf)
    const column = Math.min(...items.map(({ key }) => this.#columnOf(key.range[0])))
    const kept = items.flatMap((pair, i) => {
      const key = keyOf(pair)
      return key in fields ? this.#editPair(pair, fields[key], column) : this.#deletePair(pair, items.slice(i + 1))
    })
    const added = Object.entries(fields).filter(([key]) => !keys.includes(key))
    if (added.length === 0) return kept
    const end = Math.max(...items.map(pair => this.#endOfPair(pair)))
    return [...kept, this.#insertLines(end, this.#render(Object.fromEntries(added), column))]
  }

  #editPair(pair: ParsedPair, value: unknown, column: number): readonly Splice[] {
    const { value: node } = pair
    if (node !== null && (this.#isEqual(node, value) || keepsParts(node, value))) return this.edit(node, value)
    // As the value of a key of one character, without that key.
    const text = this.#render({ k: value }, column).trim().slice('k:'.length)
    return [{ start: this.#afterColon(pair), end: this.#endOfPair(pair), text }]
  }

  #deletePair(pair: ParsedPair, following: readonly ParsedPair[]): readonly Splice[] {
    const [start] = pair.key.range
    const end = this.#endOfLine(this.#endOfPair(pair))
    if (this.#text.slice(this.#startOfLine(start), start).trim() === '')
      return [{ start: this.#startOfLine(start), end, text: '' }]
    // The first key of a list item follows its dash.
    return [{ start, end: Math.min(this.#text.length, ...following.map(({ key }) => key.range[0])), text: '' }]
  }

  #editBlockSeq({ items }: YAMLSeq.Parsed, values: readonly unknown[]): readonly Splice[] {
    const { previous, paired, removed, inserted } = this.#align(items, values)
    const dashOf = ({ range: [start] }: ParsedNode) => this.#text.lastIndexOf('-', start - 1)
    const [first = 0] = items.map(dashOf)
    const column = this.#columnOf(first)
    const edited = paired.flatMap(([item, value]) => this.#editItem(item, value, column))
    const deleted = removed.map((item): Splice => {
      const [start, end] = [this.#startOfLine(dashOf(item)), this.#endOfLine(this.#endOf(item))]
      return { start, end, text: '' }
    })
    if (inserted.length === 0) return [...edited, ...deleted]
    const lines = this.#render(inserted, column)
    if (previous !== undefined) return [...edited, this.#insertLines(this.#endOf(previous), lines)]
    const start = this.#aboveComments(this.#startOfLine(first))
    return [{ start, end: start, text: lines }]
  }

  #editItem(item: ParsedNode, value: unknown, column: number): readonly Splice[] {
    if (keepsParts(item, value)) return this.edit(item, value)
    const text = this.#render([value], column).trim().slice('- '.length)
    return [{ start: item.range[0], end: this.#endOf(item), text }]
  }

  #editFlowMap(node: YAMLMap.Parsed, fields: Fields): readonly Splice[] {
    const keys = node.items.map(keyOf)
    if (!keepsParts(node, fields) || keys.some(key => !(key in fields))) return [replaceFlow(node, fields)]
    const edited = node.items.flatMap(pair => (pair.value === null ? [] : this.edit(pair.value, fields[keyOf(pair)])))
    const added = Object.entries(fields).filter(([key]) => !keys.includes(key))
    const end = Math.max(...node.items.map(pair => this.#endOfPair(pair)))
    return [...edited, ...added.map(([key, value]) => ({ start: end, end, text: `, ${toFlowPair(key, value)}` }))]
  }

  #editFlowSeq(node: YAMLSeq.Parsed, values: readonly unknown[]): readonly Splice[] {
    const { previous, paired, removed, inserted } = this.#align(node.items, values)
    if (removed.length > 0 || previous === undefined) return [replaceFlow(node, values)]
    const end = this.#endOf(previous)
    const added = inserted.map(value => ({ start: end, end, text: `, ${toFlow(value)}` }))
    return [...paired.flatMap(([item, value]) => this.edit(item, value)), ...added]
  }

  /** Items without the equal ones at both ends: those to edit, those to remove, and values to insert after `previous`. */
  #align(items: readonly ParsedNode[], values: readonly unknown[]) {
    const isSame = (at: number, to: number) => {
      const item = items.at(at)
      return item !== undefined && to < values.length && this.#isEqual(item, values.at(to))
    }
    const shorter = Math.min(items.length, values.length)
    let prefix = 0
    while (prefix < shorter && isSame(prefix, prefix)) prefix++
    let suffix = 0
    while (suffix < shorter - prefix && isSame(-1 - suffix, -1 - suffix)) suffix++
    const old = items.slice(prefix, items.length - suffix)
    const wanted = values.slice(prefix, values.length - suffix)
    const paired = old.slice(0, wanted.length).map((item, i) => [item, wanted[i]] as const)
    const previous = items[prefix + paired.length - 1]
    return { previous, paired, removed: old.slice(wanted.length), inserted: wanted.slice(old.length) }
  }

  #isEqual = (node: ParsedNode, value: unknown) => isDeepStrictEqual(node.toJS(this.#document), value)

  /** Block style at a column, with a line break at the end. */
  #render(value: unknown, column: number): string {
    return toYaml(value, this.#style).replace(/^(?=.)/gm, ' '.repeat(column))
  }

  /** After the line of a position; also if the text does not end with a line break. */
  #insertLines(position: number, lines: string): Splice {
    const start = this.#endOfLine(position)
    return { start, end: start, text: this.#text[start - 1] === '\n' ? lines : `\n${lines.trimEnd()}` }
  }

  /** Without the line breaks that follow. */
  #endOf(node: ParsedNode): number {
    const last = isMap(node) || isSeq(node) ? node.items.at(-1) : undefined
    if (last !== undefined && !isFlow(node)) return isPair(last) ? this.#endOfPair(last) : this.#endOf(last)
    const [start, end] = node.range
    return start + this.#text.slice(start, end).trimEnd().length
  }

  #endOfPair(pair: ParsedPair): number {
    const start = this.#afterColon(pair)
    return pair.value === null ? start : Math.max(start, this.#endOf(pair.value))
  }

  #afterColon = ({ key }: ParsedPair) => this.#text.indexOf(':', key.range[1]) + 1
  #startOfLine = (position: number) => this.#text.lastIndexOf('\n', position - 1) + 1
  #columnOf = (position: number) => position - this.#startOfLine(position)

  #endOfLine(position: number): number {
    const end = this.#text.indexOf('\n', position)
    return end < 0 ? this.#text.length : end + 1
  }

  /** The first of the comment lines directly above a line. */
  #aboveComments(start: number): number {
    const above = this.#startOfLine(start - 1)
    return start > 0 && this.#text.slice(above, start).trimStart().startsWith('#') ? this.#aboveComments(above) : start
  }
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** True if the new value has parts of the old one. */
function keepsParts(node: ParsedNode, value: unknown): boolean {
  if (isMap(node)) return isFields(value) && node.items.some(pair => keyOf(pair) in value)
  return isSeq(node) && Array.isArray(value) && node.items.length > 0 && value.length > 0
}

const isFlow = (node: ParsedNode) => (isMap(node) || isSeq(node)) && node.flow === true
const isPair = (item: ParsedPair | ParsedNode): item is ParsedPair => 'key' in item
const keyOf = ({ key }: ParsedPair) => String(key)

const toFlow = (value: unknown) => toFlowText([value]).slice(1, -1).trim()
const toFlowPair = (key: string, value: unknown) =>
  toFlowText({ [key]: value })
    .slice(1, -1)
    .trim()
const toFlowText = (value: unknown) => toYaml(value, { lineWidth: 0, collectionStyle: 'flow' }).trim()

const replaceFlow = ({ range: [start, end] }: ParsedNode, value: unknown): Splice => ({
  start,
  end,
  text: toFlow(value)
})
