/** Whose code the bundle holds, and on which terms. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Metafile } from 'esbuild'

/** A package of which something is in the bundle. */
export interface Bundled {
  readonly name: string
  readonly version: string
  readonly license: string
  /** What the package itself holds of licences and notices. */
  readonly texts: readonly string[]
  readonly author: string
}

interface Manifest {
  readonly name: string
  readonly version: string
  readonly license?: string
  readonly author?: string | { readonly name: string }
}

/**
 * @param root what the paths start from
 * @returns in order of name, each version once
 */
export function findBundled({ outputs }: Metafile, root: string): readonly Bundled[] {
  const folders = Object.values(outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? folderOf(file) : []))
  )
  const packages = [...new Set(folders)].map(folder => readPackage(join(root, folder)))
  return [...new Map(packages.map(one => [`${one.name} ${one.version}`, one])).values()].sort((a, b) =>
    a.name.localeCompare(b.name, 'en')
  )
}

const folderOf = (file: string): readonly string[] => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? []

const TEXT = /^(licen[cs]e|copying|notice)/i

function readPackage(folder: string): Bundled {
  const {
    name,
    version,
    license = 'none',
    author = ''
  } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
  const texts = readdirSync(folder)
    .filter(file => TEXT.test(file))
    .sort()
    .map(file => readFileSync(join(folder, file), 'utf8').trim())
  return { name, version, license, texts, author: typeof author === 'string' ? author : author.name }
}

/** Licences that ask for no more than a notice. */
const LENIENT = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT', 'Unlicense']

/** Packages whose licence is another one: somebody has to read it first. */
export function findStrict(bundled: readonly Bundled[]): readonly Bundled[] {
  return bundled.filter(({ license }) => !LENIENT.includes(license))
}

/** The notices that a bundle must carry along. */
export function toNotices(bundled: readonly Bundled[]): string {
  const notices = bundled.map(({ name, version, license, texts, author }) => {
    const words = texts.length > 0 ? texts : [`Copyright ${author}. The package holds no text of its licence.`]
    return [`${name} ${version}, ${license}`, ...words].join('\n\n')
  })
  return ['What dist/ holds of other packages, and their licences.', ...notices].join(`\n\n${'-'.repeat(72)}\n\n`)
}
