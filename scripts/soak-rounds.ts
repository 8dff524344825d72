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
import { differenceOf } from './soak-state.ts'

/** What was played, and how long it took after each round until all was known again. */
export interface Rounds {
  readonly played: Map<string, number>
  readonly settled: { readonly ms: number; readonly after: string }[]
}

interface Soaked {
  readonly cluster: Cluster
  readonly replicas: readonly Replica[]
  readonly clients: Clients
  readonly random: Random
}

/** How long faults last: hardly noticed, while what was known counts still, and longer. */
const HOLDS_MS = [20, 300, 2_000]
/** Of faults that are played at the same time. */
const COUNTS = [1, 1, 2, 3]
/** Longer than any pause, silence and all that is listed anew. */
const WITHIN_MS = 120_000
const POLL_MS = 20
/** A new authority is not used before the API server has failed nobody for a while: so it is let be, now and then. */
const CALM_AFTER_ROUNDS = 8
const CALM_MS = 25_000
/** The namespace of the models. */
const MODELS = 'user1'

/**
 * Plays faults, one or a few at a time, each once before any is played again, until told to stop.
 *
 * @throws when the replicas do not find back to what the server has
 */
export async function playRounds(soaked: Soaked, { played, settled }: Rounds, signal: AbortSignal): Promise<void> {
  const { cluster, random } = soaked
  const faults = faultsFor(cluster)
  let deck: readonly Fault[] = []
  while (!signal.aborted) {
    if (deck.length === 0) deck = random.shuffle(faults)
    const together = draw(deck, random.pick(COUNTS))
    deck = deck.filter(fault => !together.includes(fault))
    const after = together.map(({ name }) => name).join(' + ')
    for (const { name } of together) played.set(name, (played.get(name) ?? 0) + 1)
    settled.push({ ms: await playRound(soaked, together, after), after })
    if (settled.length % CALM_AFTER_ROUNDS === 0) await sleep(CALM_MS, undefined, { signal }).catch(() => {})
  }
}

function draw([first, ...others]: readonly Fault[], count: number): readonly Fault[] {
  if (first === undefined) return []
  const more = first.exclusive ? [] : others.filter(({ exclusive }) => !exclusive)
  return [first, ...more.slice(0, count - 1)]
}

async function playRound(soaked: Soaked, faults: readonly Fault[], after: string): Promise<number> {
  const { cluster, random } = soaked
  const { api, stages } = cluster
  const playing: { readonly fault: Fault; readonly stage: ApiServer }[] = []
  for (const fault of faults) {
    const stage = stageOf(api)
    stages.add(stage)
    playing.push({ fault, stage })
    await fault.play({ api: stage })
    await sleep(random.below(100))
  }
  await sleep(random.pick(HOLDS_MS))
  change(api, random)
  for (const { fault, stage } of random.shuffle(playing)) {
    await fault.heal?.({ api: stage })
    stages.delete(stage)
  }
  change(api, random)
  const ms = await settle(soaked, after)
  await verify(soaked)
  tidy(api)
  return ms
}

/** The server as one of several faults sees it: each has a place of its own for what is answered in the server's stead. */
function stageOf(api: ApiServer): ApiServer {
  const has = (place: string, name: string) => api.objects(place).some(one => keyOf(one) === name)
  return {
    ...api,
    fault: undefined,
    // Another fault may have taken it away.
    remove: (place, name) => {
      if (has(place, name)) api.remove(place, name)
    }
  }
}

/** What has changed is what is asked for by `verify`. */
function change(api: ApiServer, random: Random): void {
  const place = servedPath(api)
  if (place === undefined) return
  api.put(place, policy(MODELS, random.pick(['STRICT', 'PERMISSIVE'])))
  api.put(place, policy(`n${random.below(5)}`))
}

/** Waits until each replica knows what the server has. @returns how long the last one took, in milliseconds */
async function settle({ cluster: { api }, replicas }: Soaked, after: string): Promise<number> {
  const startedMs = performance.now()
  for (;;) {
    const differences = replicas.map(({ source }) => differenceOf(api, source))
    const tookMs = performance.now() - startedMs
    const [difference] = differences.filter(one => one !== undefined)
    if (difference === undefined) return tookMs
    if (tookMs > WITHIN_MS) throw new Error(`${difference}, ${WITHIN_MS} ms after ${after}`)
    await sleep(POLL_MS)
  }
}

/** Each replica judges by what the server has now. */
async function verify({ cluster: { api }, replicas, clients }: Soaked): Promise<void> {
  const policies = api.objects(servedPath(api) ?? POLICIES) as readonly Partial<ReturnType<typeof policy>>[]
  const isStrict = policies.some(({ metadata, spec }) => metadata?.namespace === MODELS && spec?.mtls.mode === 'STRICT')
  for (const replica of replicas) await clients.put(replica, plaintext(isStrict))
}

/** As it was at the beginning, for the next round. */
function tidy(api: ApiServer): void {
  if (!api.serves(POLICIES)) api.alias(V1_POLICIES, POLICIES)
  if (api.serves(V1_POLICIES)) api.unserve(V1_POLICIES)
  const meant = ['a', 'b'].map(namespace => policy(namespace))
  const names = [...meant.map(keyOf), `${MODELS}/default`]
  for (const name of api.objects(POLICIES).map(keyOf)) if (!names.includes(name)) api.remove(POLICIES, name)
  for (const one of meant) api.put(POLICIES, one)
}
