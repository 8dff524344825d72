import { isDeepStrictEqual } from 'node:util'
import { Composer, type Document, type ParsedNode } from 'yaml'
import { toYaml } from '../text/to-yaml.ts'
import { LINEAR } from './document.ts'
import { type Splice, YamlEditor } from './yaml-editor.ts'
import { tokensOf } from './yaml-tokens.ts'

/**
 * Text of one YAML document with another value: only the fields that differ change. Comments stay, except within fields that are
 * replaced as a whole. A document whose fields cannot be replaced one by one, such as one with aliases, loses its format.
 */
export function editYaml(text: string, value: unknown): string {
  const document = parseFirst(text)
  const { contents } = document
  if (contents === null) return render(value)
  const edited = splice(text, new YamlEditor(text, document).edit(contents as ParsedNode, value))
  return isDeepStrictEqual(parseFirst(edited).toJS(), value) ? edited : render(value)
}

/** In block style, one line for each scalar. */
export const render = (value: unknown) => toYaml(value, { lineWidth: 0 })

/** The first document of a text. */
export function parseFirst(text: string): Document.Parsed {
  const [document] = new Composer(LINEAR).compose(
    tokensOf(text, () => {}),
    true
  )
  return document as Document.Parsed
}

/** Splices at one position keep their order; the result is not valid if two overlap. */
function splice(text: string, splices: readonly Splice[]): string {
  let edited = ''
  let at = 0
  for (const { start, end, text: inserted } of splices.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    edited += text.slice(at, start) + inserted
    at = end
  }
  return edited + text.slice(at)
}
