/** Builds all programs that are not in the cache, one after the other: side by side, tests would build each twice. */
import { findAssets, findProgram, OTHER_PROGRAMS } from './assets.ts'

const log = (line: string) => process.stdout.write(`${line}\n`)
findAssets(log)
for (const name of OTHER_PROGRAMS) findProgram(name, log)
