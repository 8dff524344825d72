/** The object that a text of JSON holds, its keys in lower case. Go matches keys of JSON whatever their case; of several the last counts. */
export function parseGoObject(value: string): Record<string, unknown> | undefined {
  try {
    const json: unknown = JSON.parse(value)
    if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined
    return Object.fromEntries(Object.entries(json).map(([key, one]) => [key.toLowerCase(), one]))
  } catch {
    return undefined
  }
}
