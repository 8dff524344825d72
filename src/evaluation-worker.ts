import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { runWorker } from './evaluator/run-worker.ts'

void runWorker(parentPort as MessagePort, workerData)
