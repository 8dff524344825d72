import { type CST, Lexer, Parser } from 'yaml'

/** Deeper than any object is. Far deeper, to compose the tree takes quadratic time and more, or all of the stack. */
const MAX_DEPTH = 100

/**
 * The syntax tree of a text of YAML, to be composed.
 *
 * @param onNewLine is told where each line begins
 * @throws for what is nested more than 100 deep
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
