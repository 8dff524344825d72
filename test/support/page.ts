import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = join(import.meta.dirname, '../../src/rules')

/** Rule page, split at its second-level headings. */
export interface Page {
  readonly head: string
  readonly sections: readonly { readonly heading: string; readonly text: string; readonly yaml: string }[]
}

export function readPage(id: string): Page {
  const [head = '', ...rest] = readFileSync(join(folder, `${id}.md`), 'utf8').split('\n## ')
  return {
    head,
    sections: rest.map(section => ({
      heading: section.split('\n', 1)[0] ?? '',
      text: section,
      yaml: /```yaml\n([\s\S]*?)```/.exec(section)?.[1] ?? ''
    }))
  }
}
