/** Replaces a name where it is not part of a longer word of letters and digits. */
export function replaceWord(text: string, name: string, by: string): string {
  const parts: string[] = []
  let from = 0
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
    if (at < from || isInWord(text[at - 1]) || isInWord(text[at + name.length])) continue
    parts.push(text.slice(from, at), by)
    from = at + name.length
  }
  return parts.length === 0 ? text : [...parts, text.slice(from)].join('')
}

const isInWord = (character = '') => /[a-z0-9]/i.test(character)
