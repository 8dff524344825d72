import { RE2JS } from 're2js'

/** Longest regular expression that Istio's validation accepts. */
const MAX_LENGTH = 1024
/** Compiling takes longer than many matches, and each state has objects of its own with the same expressions. */
const MAX_COMPILED = 1000

type Matcher = (text: string) => boolean

const compiled = new Map<string, Matcher>()

/**
 * Matches a regular expression with a whole text, in the syntax and with the linear time of RE2. Envoy rejects invalid
 * expressions; they match nothing.
 * @see istio 1.31 pkg/config/validation/validation.go (validateStringMatchRegexp)
 */
export function matchesRegex(pattern: string, text: string): boolean {
  let matcher = compiled.get(pattern)
  if (matcher === undefined) {
    const [oldest] = compiled.keys()
    if (compiled.size === MAX_COMPILED && oldest !== undefined) compiled.delete(oldest)
    matcher = compile(pattern)
    compiled.set(pattern, matcher)
  }
  return matcher(text)
}

function compile(pattern: string): Matcher {
  if (pattern.length > MAX_LENGTH) return () => false
  try {
    const expression = RE2JS.compile(pattern)
    return text => expression.matches(text)
  } catch {
    return () => false
  }
}
