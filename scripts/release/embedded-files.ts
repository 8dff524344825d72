/** Replaces src/program-files.ts in a single executable, which has the same files as assets. */
import { getAsset } from 'node:sea'
import type * as files from '../../src/program-files.ts'

export const readPage: typeof files.readPage = id => getAsset(`${id}.md`, 'utf8')

export const workerEntry: typeof files.workerEntry = () => getAsset(WORKER_ASSET, 'utf8')

export const WORKER_ASSET = 'evaluation-worker.cjs'
