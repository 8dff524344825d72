/** Programs that tests and the release check build or download once. */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

export function cacheFolder(): string {
  const folder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'kserve-mesh-guard')
  mkdirSync(folder, { recursive: true })
  return folder
}

export function hashOf(files: readonly string[], more = ''): string {
  const hash = createHash('sha256')
  for (const file of files) hash.update(readFileSync(file))
  hash.update(more)
  return hash.digest('hex').slice(0, 12)
}
