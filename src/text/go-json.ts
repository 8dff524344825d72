/** Parses a JSON object, with keys in lower case: Go ignores the case of keys, and the last one takes precedence. */
export function parseGoObject(value: string): Record<string, unknown> | undefined {
  try {
    const json: unknown = JSON.parse(value)
    if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined
    return Object.fromEntries(Object.entries(json).map(([key, one]) => [key.toLowerCase(), one]))
  } catch {
    return undefined
  }
}
