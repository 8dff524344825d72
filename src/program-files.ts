import { readFileSync } from 'node:fs'
import { extname } from 'node:path'
import type { WorkerEntry } from './evaluator/worker-thread.ts'

// Files beside the program. In a single executable scripts/release/embedded-files.ts replaces this module.

/** Page of a rule, as Markdown. */
export const readPage = (id: string): string => readFileSync(new URL(`rules/${id}.md`, import.meta.url), 'utf8')

/** Entry point of the evaluation thread: `.ts` in the sources, `.js` in the bundle. */
export const workerEntry = (): WorkerEntry => new URL(`evaluation-worker${extname(import.meta.url)}`, import.meta.url)
