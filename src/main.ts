#!/usr/bin/env node
// Not by name: older versions of Node.js lack the export, and have to get as far as the message below.
import module from 'node:module'
import { cacheFolder } from './environment.ts'
import { describeOldNode } from './node-version.ts'
import { readPage, workerEntry } from './program-files.ts'

const tooOld = describeOldNode(process.versions.node)
if (tooOld !== undefined) {
  process.stderr.write(`error: ${tooOld}\n`)
  process.exit(2)
}

// Compiled code of the bundle, so that commands start faster. A folder that cannot be written is ignored.
const cache = cacheFolder()
if (cache !== undefined) module.enableCompileCache(cache)
const { run } = await import('./cli/program.ts')
const { terminalIo } = await import('./cli/terminal.ts')

// A closed pipe (EPIPE) ends the program. The exit code is still that of the result.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => process.exit())

await run(process.argv.slice(2), {
  ...terminalIo(process.stdout, process.stderr),
  readPage,
  workerEntry,
  exit: code => {
    process.exitCode = code
  }
})
