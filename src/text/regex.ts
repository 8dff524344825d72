import { RE2JS } from 're2js'

/** Longest regular expression that Istio's validation accepts. */
const MAX_LENGTH = 1024

/**
 * Regular expression that must match the whole text, in the syntax and with the linear time of RE2. Absent if Envoy would
 * reject it.
 * @see istio 1.31 pkg/config/validation/validation.go (validateStringMatchRegexp)
 */
export function compileRegex(pattern: string): ((text: string) => boolean) | undefined {
  if (pattern.length > MAX_LENGTH) return undefined
  try {
    const compiled = RE2JS.compile(pattern)
    return text => compiled.matches(text)
  } catch {
    return undefined
  }
}
