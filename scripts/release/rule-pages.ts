import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './lib.ts'

const pages = join(root, 'src/rules')

/** Paths of the rule pages, by file name. */
export const rulePages = (): Readonly<Record<string, string>> =>
  Object.fromEntries(
    readdirSync(pages)
      .filter(name => name.endsWith('.md'))
      .map(name => [name, join(pages, name)])
  )
