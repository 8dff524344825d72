/** A worker that hangs at the first task; after a restart it responds with the number of starts. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { staticSource } from '../../src/sources/static-source.ts'
import { stockWith } from './snapshot.ts'

const port = parentPort as MessagePort
const { started } = workerData as { readonly started: SharedArrayBuffer }
const start = Atomics.add(new Int32Array(started), 0, 1)
const health = () => port.postMessage({ from: 'health', kinds: staticSource(stockWith()).health(), changes: 1 })

health()
port.on('message', ({ to }: { readonly to: string }) => {
  if (to === 'close') port.close()
  else if (start > 0) port.postMessage({ from: 'done', result: { response: `start ${start}`, record: undefined } })
  else for (;;) Atomics.load(new Int32Array(started), 0)
})
