import { getHeapStatistics } from 'node:v8'
import { Worker } from 'node:worker_threads'
import type { FromEvaluation } from './messages.ts'
import type { WorkerData } from './run-worker.ts'
import type { SupervisorOptions } from './supervisor.ts'

const MIB = 1024 * 1024

/**
 * Evaluation in a worker thread. It may use as much memory as this thread.
 *
 * @param file the entry of the thread, which the bundle has elsewhere than the sources
 */
export function inWorker(file: URL, data: Omit<WorkerData, 'policy'>): SupervisorOptions['start'] {
  return (policy, receive) => {
    const worker = new Worker(file, {
      workerData: { ...data, policy } satisfies WorkerData,
      resourceLimits: { maxOldGenerationSizeMb: Math.ceil(getHeapStatistics().heap_size_limit / MIB) }
    })
    const gone = Promise.withResolvers<string>()
    worker.on('message', (message: FromEvaluation) => receive(message))
    worker.on('error', ({ message }) => gone.resolve(message))
    worker.on('exit', code => gone.resolve(`it exited with ${code}`))
    return {
      post: message => {
        if (message.to !== 'work' || message.task.task !== 'review') return worker.postMessage(message)
        // What is received lies in memory that other requests share: a copy alone can be handed over.
        const body = new Uint8Array(message.task.body)
        worker.postMessage({ ...message, task: { ...message.task, body } }, [body.buffer])
      },
      gone: gone.promise,
      terminate: () => void worker.terminate()
    }
  }
}
