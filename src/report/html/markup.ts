/** Markup of a page. Only `html` makes it, so that every text in it is escaped. */
export class Markup {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

type Value = string | number | Markup | readonly Markup[]

/** Template tag: inserts texts escaped, markup as it is. A text is safe as content and in a quoted attribute. */
export function html({ raw }: TemplateStringsArray, ...values: readonly Value[]): Markup {
  return new Markup(raw.map((part, i) => part + toText(values[i] ?? '')).join(''))
}

function toText(value: Value): string {
  if (value instanceof Markup) return value.text
  return typeof value === 'object' ? value.map(({ text }) => text).join('') : escapeText(String(value))
}

const REFERENCES: ReadonlyMap<string, string> = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&#39;'],
  // A parser reports this character as an error.
  ['\0', '\ufffd']
])

/** Names in manifest files can have any characters; lone surrogates have no UTF-8. */
function escapeText(text: string): string {
  return [...text.toWellFormed()].map(one => REFERENCES.get(one) ?? one).join('')
}

/** JSON for a script element, which ends at the first `</script` and has no character references. */
export function scriptJson(value: unknown): Markup {
  return new Markup(JSON.stringify(value).replaceAll('<', '\\u003c'))
}
