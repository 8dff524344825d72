import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { Worker } from 'node:worker_threads'
import type { FromEvaluation } from './messages.ts'
import type { WorkerData } from './run-worker.ts'
import type { SupervisorOptions } from './supervisor.ts'

const MIB = 1024 * 1024
/** Growth of the heap between two garbage collections: a change of the whole mesh leaves much garbage. */
const HEAP_GROWTH_PERCENT = 30
/** Less than the default, which keeps the garbage of many requests. */
const YOUNG_GENERATION_MIB = 12

/** Entry point of a thread: a file, or the text of a CommonJS script. */
export type WorkerEntry = URL | string

/** Starts evaluation in a worker thread, with the heap limit of this thread. */
export function startInWorker(entry: WorkerEntry, data: Omit<WorkerData, 'policy'>): SupervisorOptions['start'] {
  return (policy, receive) => {
    setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH_PERCENT}`)
    const worker = new Worker(entry, {
      eval: typeof entry === 'string',
      workerData: { ...data, policy } satisfies WorkerData,
      resourceLimits: {
        maxYoungGenerationSizeMb: YOUNG_GENERATION_MIB,
        maxOldGenerationSizeMb: Math.ceil(getHeapStatistics().heap_size_limit / MIB)
      }
    })
    const exited = Promise.withResolvers<string>()
    worker.on('message', (message: FromEvaluation) => receive(message))
    worker.on('error', ({ message }) => exited.resolve(message))
    worker.on('exit', code => exited.resolve(`exit code ${code}`))
    return {
      post: message => {
        if (message.to !== 'work' || message.task.task !== 'review') return worker.postMessage(message)
        // The received buffer shares memory with other requests; only a copy can be transferred.
        const body = new Uint8Array(message.task.body)
        worker.postMessage({ ...message, task: { ...message.task, body } }, [body.buffer])
      },
      exited: exited.promise,
      terminate: () => void worker.terminate()
    }
  }
}
