/** The tests of the model and the rules, in one process: to start a process takes longer than to run them. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

for (const folder of ['model', 'rules']) {
  const path = join(import.meta.dirname, folder)
  for (const name of readdirSync(path)) await import(join(path, name))
}
