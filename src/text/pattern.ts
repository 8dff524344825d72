/**
 * True if a value matches a pattern of an AuthorizationPolicy: exact, `prefix*`, `*suffix`, or `*` (any non-empty value).
 * @see istio 1.31 pilot/pkg/security/authz/matcher/string.go
 */
export function matches(pattern: string, value: string): boolean {
  if (pattern === '*') return value !== ''
  if (pattern.startsWith('*')) return value.endsWith(pattern.slice(1))
  return pattern.endsWith('*') ? value.startsWith(pattern.slice(0, -1)) : pattern === value
}

/** True for a pattern with a path template. */
export const hasTemplate = (pattern: string) => pattern.includes('{*}') || pattern.includes('{**}')

/** Templates of a pattern, and the text between them, in order. */
function* partsOf(pattern: string): Iterable<string> {
  let end = 0
  for (let at = pattern.indexOf('{*'); at >= 0; at = pattern.indexOf('{*', at + 2)) {
    const template = pattern[at + 2] === '}' ? '{*}' : pattern.startsWith('*}', at + 2) ? '{**}' : undefined
    if (template === undefined) continue
    if (at > end) yield pattern.slice(end, at)
    yield template
    end = at + template.length
  }
  if (end < pattern.length) yield pattern.slice(end)
}

/** True if paths up to a length are too short to match: `{*}` matches at least one character, `{**}` none. */
function isLonger(pattern: string, max: number): boolean {
  let length = 0
  for (const part of partsOf(pattern)) {
    length += part === '{**}' ? 0 : part === '{*}' ? 1 : part.length
    if (length > max) return true
  }
  return false
}

/**
 * Like `matches`, with path templates: `{*}` is one segment or the rest of one, `{**}` any number of segments. Time is at
 * most proportional to the length of the pattern times that of the path.
 * @see istio 1.31 pilot/pkg/security/authz/matcher/template.go, envoy source/extensions/path/uri_template_lib
 */
export function matchesPath(pattern: string, path: string): boolean {
  if (!hasTemplate(pattern)) return matches(pattern, path)
  if (isLonger(pattern, path.length)) return false
  let reached: readonly number[] = [0]
  for (const part of partsOf(pattern)) {
    const [first] = reached
    if (first === undefined) return false
    // Offsets that can be reached from one offset can also be reached from earlier ones.
    if (part === '{**}') reached = reached.length > path.length - first ? reached : offsets(first, path.length)
    else if (part === '{*}') reached = segmentEnds(reached, path)
    else reached = reached.filter(at => path.startsWith(part, at)).map(at => at + part.length)
  }
  return reached.at(-1) === path.length
}

const offsets = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i)

/** Offsets after one of `from` without a slash between. Both lists are sorted. */
function segmentEnds(from: readonly number[], path: string): readonly number[] {
  const ends: number[] = []
  for (const start of from) {
    for (let at = Math.max(start, ends.at(-1) ?? 0); at < path.length && path[at] !== '/'; at += 1) ends.push(at + 1)
  }
  return ends
}

/**
 * Like `matches`, with `*` for any text in any place, because Istio converts namespaces to regular expressions.
 * @see istio 1.31 pilot/pkg/security/authz/model/generator.go (srcNamespaceGenerator)
 */
export function matchesAnywhere(pattern: string, value: string): boolean {
  const [start = '', ...parts] = pattern.split('*')
  const end = parts.pop()
  if (end === undefined) return pattern === value
  if (!value.startsWith(start)) return false
  let offset = start.length
  for (const part of parts) {
    const found = value.indexOf(part, offset)
    if (found < 0) return false
    offset = found + part.length
  }
  return value.length - end.length >= offset && value.endsWith(end)
}
