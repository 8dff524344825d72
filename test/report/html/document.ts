import { JSDOM } from 'jsdom'
import { parse } from 'parse5'
import { start } from '../../../src/report/html/browser/start.ts'
import type { PageData } from '../../../src/report/html/page-data.ts'

/** Errors of an HTML parser. */
export function parseErrorsOf(text: string): readonly string[] {
  const errors: string[] = []
  parse(text, { onParseError: ({ code }) => errors.push(code) })
  return errors
}

/** A page without its script: what a browser shows that runs none. */
export const staticPage = (text: string): Document => new JSDOM(text).window.document

/** A page whose script has run, from its sources. */
export function startedPage(text: string, hash = ''): Document {
  const { document } = new JSDOM(text, { url: `https://example.com/page.html${hash}` }).window
  start(document)
  return document
}

export const textOf = (element: Element | null | undefined) => (element?.textContent ?? '').replace(/\s+/g, ' ').trim()

export const textsOf = (parent: ParentNode, selector: string): readonly string[] =>
  [...parent.querySelectorAll(selector)].map(textOf)

/** Cells of each row of the table. */
export const rowsOf = (document: Document): readonly (readonly string[])[] =>
  [...document.querySelectorAll('tr')].map(row => textsOf(row, 'th, td'))

export const dataOf = (text: string): PageData => JSON.parse(textContentOf(text))
const textContentOf = (text: string) => staticPage(text).querySelector('#data')?.textContent ?? ''
