/** The parser for YAML rejects what is nested 100 deep, in its own count. */
const MAX_DEPTH = 90

/**
 * Value of the text of a JSON object as the parser for YAML reads it, which also knows lines, and takes many times as long.
 *
 * @returns `undefined` for any other text, and for JSON that the parser for YAML rejects: nested deep, or with duplicate keys
 */
export function parseJsonObject(text: string): object | undefined {
  if (!text.trimStart().startsWith('{')) return undefined
  let value: object
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  const { keys, depth } = measure(text)
  return depth <= MAX_DEPTH && countKeys(value) === keys ? value : undefined
}

/** Number of keys of a JSON text, duplicates included, and how deep it is nested. */
function measure(json: string): { readonly keys: number; readonly depth: number } {
  let keys = 0
  let depth = 0
  let deepest = 0
  for (let at = 0; at < json.length; at++) {
    const char = json[at]
    if (char === '"') at = endOfString(json, at)
    else if (char === ':') keys++
    else if (char === '{' || char === '[') deepest = Math.max(deepest, ++depth)
    else if (char === '}' || char === ']') depth--
  }
  return { keys, depth: deepest }
}

/** Position of the closing quote. */
function endOfString(json: string, start: number): number {
  let at = start + 1
  while (json[at] !== '"') at += json[at] === '\\' ? 2 : 1
  return at
}

function countKeys(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  const values: readonly unknown[] = Object.values(value)
  return values.reduce((sum: number, one) => sum + countKeys(one), Array.isArray(value) ? 0 : values.length)
}
