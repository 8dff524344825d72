import type { Tristate } from '../text/tristate.ts'

/** Literal texts between wildcards. */
interface Pattern {
  readonly literals: readonly [string, ...string[]]
  /** False if a wildcard accepts only some texts. */
  readonly isExact: boolean
}

const LITERAL = /^[\w/:%~-]$/
const CLASS = /^\[[^\]]*\][+*]/
const ANY = '.*'

/**
 * True if the whole path matches a regular expression, as Envoy compares it; unknown if the expression has parts that are
 * not modeled. The expression is never executed: clients choose its text.
 * @see envoy 1.36 api/envoy/config/route/v3/route_components.proto (RouteMatch.safe_regex)
 */
export function matchesExpression(expression: string, path: string): Tristate {
  const pattern = parse(expression)
  if (pattern === undefined) return undefined
  return isCovered(pattern.literals, path) ? pattern.isExact || undefined : false
}

/** Absent if the expression has alternatives, quantifiers of literals, or other parts that are not modeled. */
function parse(expression: string): Pattern | undefined {
  const literals: [string, ...string[]] = ['']
  let isExact = true
  let rest = expression.replace(/^\^/, '').replace(/\$$/, '')
  while (rest !== '') {
    const ofClass = CLASS.exec(rest)?.[0]
    const isEscaped = rest.startsWith('\\') && !LITERAL.test(rest.charAt(1))
    const length = ofClass?.length ?? (rest.startsWith(ANY) || isEscaped ? 2 : 1)
    const token = rest.slice(0, length)
    rest = rest.slice(length)
    if (ofClass !== undefined || token === ANY) literals.push('')
    else if (isEscaped || LITERAL.test(token)) literals.push(`${literals.pop()}${token.slice(-1)}`)
    else if ((token !== '(' && token !== ')') || /^[?*+{]/.test(rest)) return undefined
    isExact &&= ofClass === undefined
  }
  return { literals, isExact }
}

/** True if the text has the literals in order, the first at its start and the last at its end. */
function isCovered([first, ...others]: Pattern['literals'], text: string): boolean {
  const last = others.pop()
  if (last === undefined) return text === first
  if (!text.startsWith(first)) return false
  let from = first.length
  for (const literal of others) {
    const found = text.indexOf(literal, from)
    if (found < 0) return false
    from = found + literal.length
  }
  return text.length - last.length >= from && text.endsWith(last)
}
