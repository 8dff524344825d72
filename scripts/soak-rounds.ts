import { setTimeout as sleep } from 'node:timers/promises'
import type { ApiServer } from '../test/support/api-server.ts'
import { keyOf } from '../test/support/collection.ts'
import { POLICIES, policy, servedPath, V1_POLICIES } from '../test/support/watch-harness.ts'
import type { Clients } from './soak-clients.ts'
import type { Cluster } from './soak-cluster.ts'
import { type Fault, faultsFor } from './soak-faults.ts'
import type { Replica } from './soak-guard.ts'
import type { Random } from './soak-random.ts'
import { plaintext } from './soak-requests.ts'
import { findDifference } from './soak-state.ts'

/** Injected faults, and the time until all caches were synced after each round. */
export interface Rounds {
  readonly played: Map<string, number>
  readonly convergence: { readonly ms: number; readonly after: string }[]
}

interface SoakContext {
  readonly cluster: Cluster
  readonly replicas: readonly Replica[]
  readonly clients: Clients
  readonly random: Random
}

/** Fault durations: barely noticeable, within the grace period of the cache, and longer. */
const FAULT_DURATIONS_MS = [20, 300, 2_000]
/** Numbers of concurrent faults to pick from. */
const CONCURRENT_FAULTS = [1, 1, 2, 3]
/** Longer than any backoff, idle timeout and relist. */
const TIMEOUT_MS = 120_000
const POLL_MS = 20
/** Pauses without faults, because a CA rotation requires an undisturbed API server. */
const ROUNDS_BETWEEN_PAUSES = 8
const PAUSE_MS = 25_000
/** Namespace of the models. */
const MODEL_NAMESPACE = 'user1'

/**
 * Injects faults, one or several at a time, each once before any is repeated, until `signal` is aborted.
 *
 * @throws if the caches of the replicas do not converge to the state of the API server
 */
export async function playRounds(
  context: SoakContext,
  { played, convergence }: Rounds,
  signal: AbortSignal
): Promise<void> {
  const { cluster, random } = context
  const faults = faultsFor(cluster)
  let queue: readonly Fault[] = []
  while (!signal.aborted) {
    if (queue.length === 0) queue = random.shuffle(faults)
    const together = pickConcurrent(queue, random.pick(CONCURRENT_FAULTS))
    queue = queue.filter(fault => !together.includes(fault))
    const after = together.map(({ name }) => name).join(' + ')
    for (const { name } of together) played.set(name, (played.get(name) ?? 0) + 1)
    convergence.push({ ms: await playRound(context, together, after), after })
    if (convergence.length % ROUNDS_BETWEEN_PAUSES === 0) await sleep(PAUSE_MS, undefined, { signal }).catch(() => {})
  }
}

function pickConcurrent([first, ...others]: readonly Fault[], count: number): readonly Fault[] {
  if (first === undefined) return []
  const more = first.exclusive ? [] : others.filter(({ exclusive }) => !exclusive)
  return [first, ...more.slice(0, count - 1)]
}

async function playRound(context: SoakContext, faults: readonly Fault[], after: string): Promise<number> {
  const { cluster, random } = context
  const { api, stages } = cluster
  const playing: { readonly fault: Fault; readonly stage: ApiServer }[] = []
  for (const fault of faults) {
    const stage = stageFor(api)
    stages.add(stage)
    playing.push({ fault, stage })
    await fault.play({ api: stage })
    await sleep(random.below(100))
  }
  await sleep(random.pick(FAULT_DURATIONS_MS))
  change(api, random)
  for (const { fault, stage } of random.shuffle(playing)) {
    await fault.heal?.({ api: stage })
    stages.delete(stage)
  }
  change(api, random)
  const ms = await awaitConvergence(context, after)
  await verifyDecisions(context)
  resetPolicies(api)
  return ms
}

/** View of the API server for one of several concurrent faults, with its own `fault` handler. */
function stageFor(api: ApiServer): ApiServer {
  const has = (place: string, name: string) => api.objects(place).some(one => keyOf(one) === name)
  return {
    ...api,
    fault: undefined,
    // Another fault may have removed it.
    remove: (place, name) => {
      if (has(place, name)) api.remove(place, name)
    }
  }
}

/** Changes the policies that `verifyDecisions` depends on. */
function change(api: ApiServer, random: Random): void {
  const place = servedPath(api)
  if (place === undefined) return
  api.put(place, policy(MODEL_NAMESPACE, random.pick(['STRICT', 'PERMISSIVE'])))
  api.put(place, policy(`n${random.below(5)}`))
}

/** Waits until the cache of each replica equals the state of the API server. @returns the time, in milliseconds */
async function awaitConvergence({ cluster: { api }, replicas }: SoakContext, after: string): Promise<number> {
  const startedMs = performance.now()
  for (;;) {
    const differences = replicas.map(({ source }) => findDifference(api, source))
    const tookMs = performance.now() - startedMs
    const [difference] = differences.filter(one => one !== undefined)
    if (difference === undefined) return tookMs
    if (tookMs > TIMEOUT_MS) throw new Error(`${difference}, ${TIMEOUT_MS} ms after ${after}`)
    await sleep(POLL_MS)
  }
}

/** Sends a request whose decision depends on the current state to each replica. */
async function verifyDecisions({ cluster: { api }, replicas, clients }: SoakContext): Promise<void> {
  const policies = api.objects(servedPath(api) ?? POLICIES) as readonly Partial<ReturnType<typeof policy>>[]
  const isStrict = policies.some(
    ({ metadata, spec }) => metadata?.namespace === MODEL_NAMESPACE && spec?.mtls.mode === 'STRICT'
  )
  for (const replica of replicas) await clients.send(replica, plaintext(isStrict))
}

/** Restores the initial policies for the next round. */
function resetPolicies(api: ApiServer): void {
  if (!api.serves(POLICIES)) api.alias(V1_POLICIES, POLICIES)
  if (api.serves(V1_POLICIES)) api.unserve(V1_POLICIES)
  const meant = ['a', 'b'].map(namespace => policy(namespace))
  const names = [...meant.map(keyOf), `${MODEL_NAMESPACE}/default`]
  for (const name of api.objects(POLICIES).map(keyOf)) if (!names.includes(name)) api.remove(POLICIES, name)
  for (const one of meant) api.put(POLICIES, one)
}
