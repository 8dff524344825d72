/**
 * Does a value match a pattern as policies write it: exact, `prefix*`, `*suffix`, or `*` for anything that is there?
 * @see istio pilot/pkg/security/authz/matcher/string.go
 */
export function matches(pattern: string, value: string): boolean {
  if (pattern === '*') return value !== ''
  if (pattern.startsWith('*')) return value.endsWith(pattern.slice(1))
  return pattern.endsWith('*') ? value.startsWith(pattern.slice(0, -1)) : pattern === value
}

/**
 * Paths know templates besides: `{*}` is one segment, `{**}` any number of them.
 * @see istio pilot/pkg/security/authz/matcher/template.go
 */
export function matchesPath(pattern: string, path: string): boolean {
  if (!pattern.includes('{*}') && !pattern.includes('{**}')) return matches(pattern, path)
  const parts = pattern.split(/(\{\*\*?\})/).map(part => {
    if (part === '{*}') return '[^/]+'
    return part === '{**}' ? '.*' : quote(part)
  })
  return new RegExp(`^${parts.join('')}$`).test(path)
}

/** `*` stands for any text, in any place: Istio makes a regular expression of the names of namespaces. */
export function matchesAnywhere(pattern: string, value: string): boolean {
  return new RegExp(`^${pattern.split('*').map(quote).join('.*')}$`).test(value)
}

function quote(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`)
}
