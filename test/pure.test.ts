/** Runs all tests without I/O in one process, because starting a process takes longer than a test. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

for (const folder of [
  'engine',
  'gateway-api',
  'istio',
  'knative',
  'kserve',
  'kubernetes',
  'report',
  'request',
  'rules',
  'state',
  'subject',
  'text'
]) {
  const path = join(import.meta.dirname, folder)
  const names = readdirSync(path, { recursive: true, encoding: 'utf8' })
  for (const name of names.filter(name => name.endsWith('.test.ts'))) await import(join(path, name))
}
