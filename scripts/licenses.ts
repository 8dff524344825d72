/** Licenses of the packages in the bundle. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Metafile } from 'esbuild'

/** A package with code in the bundle. */
export interface Bundled {
  readonly name: string
  readonly version: string
  readonly license: string
  /** License and notice files of the package. */
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
 * @param root directory that the paths are relative to
 * @returns each version once, sorted by name
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

/** Licenses that require only a notice. */
const LENIENT = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT', 'Unlicense']

/** Packages with any other license, which needs a review. */
export function findStrict(bundled: readonly Bundled[]): readonly Bundled[] {
  return bundled.filter(({ license }) => !LENIENT.includes(license))
}

/** License notices to ship with the bundle. */
export function toNotices(bundled: readonly Bundled[]): string {
  const notices = bundled.map(({ name, version, license, texts, author }) => {
    const notice = texts.length > 0 ? texts : [`Copyright ${author}. The package has no license file.`]
    return [`${name} ${version}, ${license}`, ...notice].join('\n\n')
  })
  return ['Third-party packages in dist/, with their licenses.', ...notices].join(`\n\n${'-'.repeat(72)}\n\n`)
}
