import { readFileSync } from 'node:fs'
import { readFiles } from '../../src/sources/files.ts'
import type { Manifest } from '../../src/sources/yaml.ts'
import { nameOf } from '../../src/state/resource.ts'

/** Document of test/upstream. */
export interface Document {
  /** Repository and path. */
  readonly origin: string
  /** Origin with kind, namespace and name. */
  readonly id: string
  readonly manifest: Manifest
}

/** Reads the origin from the comment above each document. */
export function readDocuments(file: string): readonly Document[] {
  const lines = readFileSync(file, 'utf8').split('\n')
  return readFiles([file]).map(manifest => {
    const { line } = manifest.source
    const [, origin] = /^# (\S+\/\S+ \S+)$/.exec(lines[line - 2] ?? '') ?? []
    if (origin === undefined) throw new Error(`${file}:${line}: missing comment # <repository> <path>`)
    return { origin, id: `${origin} ${nameOf(manifest.ref)}`, manifest }
  })
}
