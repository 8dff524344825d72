import { type Document, isScalar, type Scalar, visit } from 'yaml'
import { messageOf } from '../text/error-message.ts'

/** Parser options for linear time: unique keys and pretty errors take quadratic time. */
export const LINEAR = { uniqueKeys: false, prettyErrors: false } as const

/** The parser searches the anchor of each alias from the start of the document. */
const MAX_ALIASES = 1_000

export interface DocumentError {
  readonly message: string
  /** Position in the text, in characters. */
  readonly offset: number
}

/** The value of a YAML document that was parsed with `LINEAR`, or all its errors, sorted by position. */
export function readDocument(document: Document.Parsed): {
  readonly value: unknown
  readonly errors: readonly DocumentError[]
} {
  const syntax = document.errors.map(({ message, pos: [offset] }) => ({ message, offset }))
  if (syntax.length > 0) return { value: undefined, errors: syntax }
  try {
    const errors = findErrors(document)
    return { value: errors.length > 0 ? undefined : document.toJS(), errors }
  } catch (error) {
    // An alias without an anchor, or aliases that expand to too many nodes.
    return { value: undefined, errors: [{ message: messageOf(error), offset: document.range[0] }] }
  }
}

function findErrors(document: Document.Parsed): readonly DocumentError[] {
  const errors: DocumentError[] = []
  let aliases = 0
  visit(document, {
    Map(_, { items }) {
      const keys = new Set<unknown>()
      for (const { key } of items) {
        if (!isScalar(key)) continue
        // A parsed scalar has a range.
        const { range, value } = key as Scalar.Parsed
        if (keys.has(value)) errors.push({ message: 'Map keys must be unique', offset: range[0] })
        keys.add(value)
      }
    },
    Alias() {
      aliases += 1
    }
  })
  if (aliases > MAX_ALIASES) errors.push({ message: `More than ${MAX_ALIASES} aliases`, offset: document.range[0] })
  return errors.sort((a, b) => a.offset - b.offset)
}
