import { type Document, isScalar, type Scalar, visit } from 'yaml'

/**
 * With these the parser takes time linear in the length of the text. Else it compares each key of a map with all others,
 * and shows each fault with the text that is around it.
 */
export const LINEAR = { uniqueKeys: false, prettyErrors: false } as const

/** The parser looks for the anchor of each alias from the start of the document. */
const MOST_ALIASES = 1_000

export interface DocumentFault {
  readonly message: string
  /** Where in the text, in characters. */
  readonly offset: number
}

/** The value of a YAML document that was parsed with `LINEAR`, or all that is wrong with it, in order. */
export function readDocument(document: Document.Parsed): {
  readonly value: unknown
  readonly faults: readonly DocumentFault[]
} {
  const syntax = document.errors.map(({ message, pos: [offset] }) => ({ message, offset }))
  if (syntax.length > 0) return { value: undefined, faults: syntax }
  try {
    const faults = findFaults(document)
    return { value: faults.length > 0 ? undefined : document.toJS(), faults }
  } catch (error) {
    // An alias without an anchor, or aliases that stand for too much.
    return { value: undefined, faults: [{ message: (error as Error).message, offset: document.range[0] }] }
  }
}

function findFaults(document: Document.Parsed): readonly DocumentFault[] {
  const faults: DocumentFault[] = []
  let aliases = 0
  visit(document, {
    Map(_, { items }) {
      const known = new Set<unknown>()
      for (const { key } of items) {
        if (!isScalar(key)) continue
        // What was parsed knows where it was.
        const { range, value } = key as Scalar.Parsed
        if (known.has(value)) faults.push({ message: 'Map keys must be unique', offset: range[0] })
        known.add(value)
      }
    },
    Alias() {
      aliases += 1
    }
  })
  if (aliases > MOST_ALIASES) faults.push({ message: `More than ${MOST_ALIASES} aliases`, offset: document.range[0] })
  return faults.sort((a, b) => a.offset - b.offset)
}
