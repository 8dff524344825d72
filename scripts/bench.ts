/**
 * Measures evaluation time in a large cluster, then startup time and memory, then the webhook: `POST /validate` over TLS
 * with a review of 4 KiB and 10 connections, on examples/cluster. Results depend on the machine.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import autocannon from 'autocannon'
import { pino } from 'pino'
import { parseConfig } from '../src/config.ts'
import { makeCertificate } from '../src/controller/dev-certificate.ts'
import { Dispatcher } from '../src/evaluator/dispatcher.ts'
import { startInWorker } from '../src/evaluator/worker-thread.ts'
import { serve } from '../src/server/serve.ts'
import { readFiles } from '../src/sources/files.ts'
import { benchAccess } from './bench-access.ts'
import { makeObjects } from './bench-cluster.ts'
import { benchCheck, benchEvaluation } from './bench-evaluation.ts'
import { benchLive } from './bench-live.ts'
import { makeModels } from './bench-models.ts'
import { benchPolicies, namingEachOther } from './bench-policies.ts'

const print = (line: string) => void process.stdout.write(`${line}\n`)

benchPolicies(print)
benchCheck(print)
benchAccess(print)
benchEvaluation(print)
await benchLive('namespaces whose policies name each other', namingEachOther(), print)
await benchLive('10000 InferenceServices', makeModels(10_000), print)
await benchLive('10000 InferenceServices with pods, Services and VirtualServices', makeObjects(10_000), print)
await benchLive('100000 InferenceServices', makeModels(100_000), print)

const examples = join(import.meta.dirname, '../examples')
const SIZE = 4096

const review = JSON.parse(readFileSync(join(examples, 'review.json'), 'utf8'))
review.request.object.metadata.annotations = { padding: 'x'.repeat(SIZE - JSON.stringify(review).length) }

const resources = readFiles([join(examples, 'cluster')]).flatMap(({ resource }) => resource ?? [])
const config = parseConfig('server: { port: 0, healthPort: 0 }', 'bench')
const logger = pino({ level: 'info' }, pino.destination('/dev/null'))
const origin = { from: 'files', resources } as const
const worker = new URL('../src/evaluation-worker.ts', import.meta.url)
const evaluator = new Dispatcher({
  start: startInWorker(worker, { origin, settings: config.mesh, ownNamespace: undefined }),
  policy: () => config,
  log: logger
})
await evaluator.ready
const running = await serve({
  config,
  evaluator,
  keyPair: await makeCertificate(['127.0.0.1']),
  ownNamespace: undefined,
  logger
})
const { requests, latency, errors, non2xx } = await autocannon({
  url: `${running.webhook}/validate`,
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(review),
  connections: 10,
  duration: 10
})
await running.stop(0)
print(
  `${Math.round(requests.average)} requests/s, p50 ${latency.p50} ms, p99 ${latency.p99} ms, ${errors + non2xx} failed`
)
process.exitCode = errors + non2xx > 0 ? 1 : 0
