/**
 * Soak test: sends requests to two replicas over TLS while faults of the API server are injected, in sequence and
 * concurrently, and while serving certificate and CA rotate. Exits with 1 if an answer was wrong or missing. Intervals are
 * shortened at least fourfold.
 *
 *     npm run soak -- --seconds 600 --seed 1
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { waitUntil } from '../test/support/wait-until.ts'
import { startClients } from './soak-clients.ts'
import { startCluster } from './soak-cluster.ts'
import { startReplica } from './soak-guard.ts'
import { readOptions, type SoakOptions } from './soak-options.ts'
import { seededRandom } from './soak-random.ts'
import { formatResult, hasPassed, type Memory, type SoakResult } from './soak-report.ts'
import { type Rotations, rotateCertificates } from './soak-rotation.ts'
import { playRounds, type Rounds } from './soak-rounds.ts'

async function soak(seconds: number, seed: number): Promise<SoakResult> {
  const problems: string[] = []
  const recordProblem = (problem: unknown) => problems.push(String(problem))
  process.on('unhandledRejection', recordProblem)
  const cluster = await startCluster()
  const replicas = [await startReplica(cluster), await startReplica(cluster)]
  await waitUntil('the CA bundle to be published', () => cluster.caBundle() !== '')
  const clients = startClients(cluster, replicas)
  const start = measureMemory()
  const signal = AbortSignal.timeout(seconds * 1000)
  const rounds: Rounds = { played: new Map(), convergence: [] }
  const rotations: Rotations = { servingCertificates: 0, cas: 0 }
  await Promise.all([
    playRounds({ cluster, replicas, clients, random: seededRandom(seed) }, rounds, signal).catch(recordProblem),
    rotateCertificates(cluster, replicas, rotations, signal).catch(recordProblem)
  ])
  const end = measureMemory()
  await clients.stop()
  const kinds = replicas.flatMap(({ source }) => source.health())
  const relists = kinds.reduce((sum, { counters }) => sum + counters.relists, 0)
  problems.push(...cluster.selfTestErrors)
  for (const replica of replicas) await replica.stop()
  await cluster.close()
  return { tally: clients.tally, rounds, rotations, relists, memory: { start, end }, problems }
}

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

/** Memory usage after a garbage collection. */
function measureMemory(): Memory {
  collectGarbage()
  const { rss, heapUsed } = process.memoryUsage()
  return { rssMb: Math.round(rss / 2 ** 20), heapMb: Math.round(heapUsed / 2 ** 20) }
}

async function run(): Promise<number> {
  let options: SoakOptions
  try {
    options = readOptions(process.argv.slice(2))
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`)
    return 2
  }
  const { seconds, seed } = options
  process.stdout.write(`seed ${seed}, ${seconds} s\n`)
  const outcome = await soak(seconds, seed)
  process.stdout.write(`${formatResult(outcome).join('\n')}\n`)
  return hasPassed(outcome) ? 0 : 1
}

process.exitCode = await run()
