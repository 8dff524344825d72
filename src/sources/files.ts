import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { suggest } from './suggest.ts'
import { type Manifest, readManifests } from './yaml.ts'

/** Input that cannot be used; each line is one error, `what: why; what to do`. */
export class InvalidInput extends Error {
  override readonly name = 'InvalidInput'
  readonly lines: readonly string[]

  constructor(lines: readonly string[]) {
    super(lines.join('\n'))
    this.lines = lines
  }
}

/** Path of standard input. */
export const STDIN = '-'
const MANIFEST = /\.(ya?ml|json)$/

/**
 * Reads manifests: files, directories (recursively, in order of name), or `-` for standard input.
 *
 * @param namespace of objects that set none
 * @throws {InvalidInput} with all errors of all files
 */
export function readFiles(paths: readonly string[], namespace?: string): readonly Manifest[] {
  const files = paths
    .flatMap(filesIn)
    .map(file => readManifests(readText(file), file === STDIN ? '<stdin>' : file, namespace))
  const errors = files.flatMap(file => file.errors)
  if (errors.length > 0) throw new InvalidInput(errors)
  return files.flatMap(file => file.manifests)
}

/**
 * A file as text, or standard input.
 *
 * @throws {InvalidInput}
 */
export function readText(file: string): string {
  try {
    return readFileSync(file === STDIN ? 0 : file, 'utf8')
  } catch (error) {
    throw new InvalidInput([`${file}: ${toReason(file, error)}`])
  }
}

/**
 * Manifest files of a path, in the order in which they are read.
 *
 * @throws {InvalidInput}
 */
export function filesIn(path: string): readonly string[] {
  if (path === STDIN) return [path]
  try {
    if (!statSync(path).isDirectory()) return [path]
    const names = readdirSync(path, { recursive: true, encoding: 'utf8' })
    return names
      .filter(name => MANIFEST.test(name))
      .sort()
      .map(name => join(path, name))
  } catch (error) {
    throw new InvalidInput([`${path}: ${toReason(path, error)}`])
  }
}

/** @see https://nodejs.org/api/errors.html#common-system-errors */
function toReason(path: string, error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  return code === 'ENOENT' ? `no such file or directory${suggest(basename(path), namesIn(dirname(path)))}` : message
}

function namesIn(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder) : []
}

/** A line about the objects of kinds that the model does not read, if there are any. */
export function describeSkipped(manifests: readonly Manifest[]): string | undefined {
  const kinds = manifests.filter(({ resource }) => resource === undefined).map(({ ref }) => ref.kind)
  if (kinds.length === 0) return undefined
  const names = [...new Set(kinds)].sort().join(', ')
  return `skipped: ${kinds.length} of ${manifests.length} objects, of kinds that are not evaluated: ${names}`
}
