#!/usr/bin/env node
import { enableCompileCache } from 'node:module'
import { extname } from 'node:path'
import { cacheFolder } from './environment.ts'

// Compiled code of the bundle, so that commands start faster. A folder that cannot be written is ignored.
const cache = cacheFolder()
if (cache !== undefined) enableCompileCache(cache)
const { run } = await import('./cli/program.ts')

// A closed pipe (EPIPE) ends the program. The exit code is still that of the result.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => process.exit())

await run(process.argv.slice(2), {
  out: text => process.stdout.write(`${text}\n`),
  err: text => process.stderr.write(`${text}\n`),
  isTerminal: Boolean(process.stdout.isTTY),
  pages: new URL('rules/', import.meta.url),
  // `.ts` in the sources, `.js` in the bundle.
  worker: new URL(`evaluation-worker${extname(import.meta.url)}`, import.meta.url),
  exit: code => {
    process.exitCode = code
  }
})
