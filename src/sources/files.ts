import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Manifest, readManifests } from './yaml.ts'

/** Input that cannot be used: each line says where, and why. */
export class InvalidInput extends Error {
  override readonly name = 'InvalidInput'
  readonly lines: readonly string[]

  constructor(lines: readonly string[]) {
    super(lines.join('\n'))
    this.lines = lines
  }
}

const STDIN = '-'
const MANIFEST = /\.(ya?ml|json)$/

/**
 * Reads manifests: files, folders (all that lies in them, in order of name), or `-` for standard input.
 *
 * @throws {InvalidInput} with every fault of every file at once.
 */
export function readFiles(paths: readonly string[]): readonly Manifest[] {
  const faults: string[] = []
  const manifests = paths.flatMap(listFiles).flatMap(file => {
    const read = readManifests(readText(file), file === STDIN ? '<stdin>' : file)
    faults.push(...read.faults)
    return read.manifests
  })
  if (faults.length > 0) throw new InvalidInput(faults)
  return manifests
}

function readText(file: string): string {
  try {
    return readFileSync(file === STDIN ? 0 : file, 'utf8')
  } catch (error) {
    throw new InvalidInput([`${file}: ${toReason(error)}`])
  }
}

function listFiles(path: string): readonly string[] {
  if (path === STDIN) return [path]
  try {
    if (!statSync(path).isDirectory()) return [path]
    const names = readdirSync(path, { recursive: true, encoding: 'utf8' })
    return names
      .filter(name => MANIFEST.test(name))
      .sort()
      .map(name => join(path, name))
  } catch (error) {
    throw new InvalidInput([`${path}: ${toReason(error)}`])
  }
}

/** @see https://nodejs.org/api/errors.html#common-system-errors */
function toReason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOENT') return 'no such file or folder'
  return code === 'EACCES' ? 'may not be read' : String(error)
}
