#!/usr/bin/env node
import { run } from './cli/program.ts'

await run(process.argv.slice(2), {
  out: text => process.stdout.write(`${text}\n`),
  err: text => process.stderr.write(`${text}\n`),
  pages: new URL('rules/', import.meta.url),
  exit: code => {
    process.exitCode = code
  }
})
