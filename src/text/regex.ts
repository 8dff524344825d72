import { RE2JS } from 're2js'

/** Longest regular expression that Istio's validation accepts. */
const MAX_LENGTH = 1024
/** Compiling takes longer than many matches, and each state has objects of its own with the same expressions. */
const MAX_COMPILED = 1000

/** Absent: invalid. */
type Compiled = RE2JS | undefined

const compiled = new Map<string, { readonly expression: Compiled }>()

/**
 * Matches a regular expression with a whole text, in the syntax and with the linear time of RE2. Envoy rejects invalid
 * expressions; they match nothing.
 * @see istio 1.31 pkg/config/validation/validation.go (validateStringMatchRegexp)
 */
export function matchesRegex(pattern: string, text: string): boolean {
  return compileRegex(pattern)?.matches(text) ?? false
}

/**
 * Replaces all matches in a text; `\\1` in the replacement is the first group. An invalid expression replaces nothing.
 * @see envoy 1.38 api/envoy/type/matcher/v3/regex.proto (RegexMatchAndSubstitute)
 */
export function replaceRegex(text: string, pattern: string, replacement: string): string {
  const expand = (match: string, ...groups: readonly string[]) =>
    replacement.replace(/\\(\d)/g, (_, digit: string) => [match, ...groups][Number(digit)] ?? '')
  return compileRegex(pattern)?.matcher(text).replaceAll(expand) ?? text
}

/** Absent if the expression is not valid. */
export function compileRegex(pattern: string): Compiled {
  const known = compiled.get(pattern)
  if (known !== undefined) return known.expression
  const [oldest] = compiled.keys()
  if (compiled.size === MAX_COMPILED && oldest !== undefined) compiled.delete(oldest)
  const expression = parse(pattern)
  compiled.set(pattern, { expression })
  return expression
}

function parse(pattern: string): Compiled {
  if (pattern.length > MAX_LENGTH) return undefined
  try {
    return RE2JS.compile(pattern)
  } catch {
    return undefined
  }
}
