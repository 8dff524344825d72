import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { runWorker } from './evaluator/run-worker.ts'

await runWorker(parentPort as MessagePort, workerData)
