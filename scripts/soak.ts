/**
 * Asks two replicas of the guard all the time, over TLS, while all goes wrong that the test suite knows of: faults of the
 * API server, one after another and several at a time, and leaf and authority change again and again. Exits with 1 when an
 * answer was wrong, or none came. Time goes four times as fast as in life, or faster.
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
import { randomOf } from './soak-random.ts'
import { describe, isSound, type Memory, type Outcome } from './soak-report.ts'
import { type Rotations, rotate } from './soak-rotation.ts'
import { playRounds, type Rounds } from './soak-rounds.ts'

async function soak(seconds: number, seed: number): Promise<Outcome> {
  const problems: string[] = []
  const note = (problem: unknown) => problems.push(String(problem))
  process.on('unhandledRejection', note)
  const cluster = await startCluster()
  const replicas = [await startReplica(cluster), await startReplica(cluster)]
  await waitUntil('the API server knows whom to trust', () => cluster.bundle() !== '')
  const clients = startClients(cluster, replicas)
  const start = measureMemory()
  const signal = AbortSignal.timeout(seconds * 1000)
  const rounds: Rounds = { played: new Map(), settled: [] }
  const rotations: Rotations = { leaves: 0, authorities: 0 }
  await Promise.all([
    playRounds({ cluster, replicas, clients, random: randomOf(seed) }, rounds, signal).catch(note),
    rotate(cluster, replicas, rotations, signal).catch(note)
  ])
  const end = measureMemory()
  await clients.stop()
  const kinds = replicas.flatMap(({ source }) => source.health())
  const relists = kinds.reduce((sum, { counters }) => sum + counters.relists, 0)
  problems.push(...cluster.uncalled)
  for (const replica of replicas) await replica.stop()
  await cluster.close()
  return { tally: clients.tally, rounds, rotations, relists, memory: { start, end }, problems }
}

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

/** What is in use once all that is not is thrown away. */
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
  process.stdout.write(`${describe(outcome).join('\n')}\n`)
  return isSound(outcome) ? 0 : 1
}

process.exitCode = await run()
