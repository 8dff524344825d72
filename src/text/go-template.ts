import type { Labels } from './selector.ts'

/** Values of a template: fields by name, and maps of which a template reads single keys. */
export interface TemplateValues {
  readonly fields: Readonly<Record<string, string>>
  readonly maps?: Readonly<Record<string, Labels>>
}

/** An action that prints a field or a key of a map; others are not modeled. */
const FIELD = /^\.([A-Za-z]+)$/
const KEY = /^index \.([A-Za-z]+) ["`]([^"`]*)["`]$/

/**
 * Renders a Go template of a host or URL path.
 *
 * @returns `undefined` if the template has an action that is not modeled
 * @see https://pkg.go.dev/text/template (Actions)
 */
export function renderGoTemplate(template: string, values: TemplateValues): string | undefined {
  const [first = '', ...parts] = template.split('{{')
  let rendered = first
  for (const part of parts) {
    const end = part.indexOf('}}')
    const value = end < 0 ? undefined : evaluateAction(part.slice(0, end).trim(), values)
    if (value === undefined) return undefined
    rendered += value + part.slice(end + 2)
  }
  return rendered
}

function evaluateAction(action: string, { fields, maps = {} }: TemplateValues): string | undefined {
  const field = FIELD.exec(action)?.[1]
  if (field !== undefined) return Object.hasOwn(fields, field) ? fields[field] : undefined
  const [, name = '', key = ''] = KEY.exec(action) ?? []
  const map = Object.hasOwn(maps, name) ? maps[name] : undefined
  // Go prints a missing key as an empty text.
  return map && (Object.hasOwn(map, key) ? map[key] : '')
}
