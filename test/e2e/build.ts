/**
 * Prepares the tests: runs npx, and builds all programs that are not in the cache, one after the other (side
 * by side, tests would build each twice).
 */
import { execFileSync } from 'node:child_process'
import { findAssets, findProgram, OTHER_PROGRAMS } from './assets.ts'

const log = (line: string) => process.stdout.write(`${line}\n`)
findAssets(log)
for (const name of OTHER_PROGRAMS) findProgram(name, log)
// The first npx of a checkout runs its `prepare` script, which must not happen while tests run.
execFileSync('npx', ['mesh-guard', 'version'], { stdio: ['ignore', 'ignore', 'inherit'] })
