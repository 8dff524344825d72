import { type CST, Lexer, Parser } from 'yaml'

/** No Kubernetes object is nested as deep; composing a deeper tree takes quadratic time and overflows the stack. */
const MAX_DEPTH = 100

/**
 * Syntax tree of a YAML text, to be composed.
 *
 * @param onNewLine called with the offset of each line
 * @throws if the text is nested more than 100 deep
 */
export function* tokensOf(text: string, onNewLine: (offset: number) => void): Iterable<CST.Token> {
  const parser = new Parser(onNewLine)
  onNewLine(0)
  for (const lexeme of new Lexer().lex(text)) {
    yield* parser.next(lexeme)
    if (parser.stack.length > MAX_DEPTH) throw new Error(`YAML nested more than ${MAX_DEPTH} deep`)
  }
  yield* parser.end()
}
