import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startGuard } from '../test/e2e/guard.ts'
import { type Stored, startApiServer } from '../test/support/api-server.ts'
import { ask } from '../test/support/client.ts'
import { pathOf, serveAll } from '../test/support/cluster.ts'
import { kubeconfig } from '../test/support/kubeconfig.ts'
import { makeObjects } from './bench-cluster.ts'

const REVIEW = readFileSync(join(import.meta.dirname, '../examples/review.json'), 'utf8')
/** So many changes for the mesh are judged before memory is looked at again. */
const REVIEWS = 20
const POLL_MS = 50

/**
 * Starts the program as the image holds it, on an API server with so many InferenceServices; says how long it took to
 * be ready, and what memory it had then and after its first judgements.
 *
 * @param entourage whether each has the pod, the Services and the VirtualServices that a running one has
 */
export async function benchLive(models: number, entourage: boolean, say: (line: string) => void): Promise<void> {
  const api = await startApiServer()
  serveAll(api)
  for (const object of makeObjects(models) as readonly Stored[]) {
    const { kind = '', metadata } = object
    const { namespace } = metadata
    const isEntourage = namespace?.startsWith('team-') === true && kind !== 'InferenceService'
    if (entourage || !isEntourage) api.put(pathOf(kind, namespace), withManagers(object))
  }
  const folder = mkdtempSync(join(tmpdir(), 'mesh-guard-bench-'))
  const file = join(folder, 'kubeconfig')
  writeFileSync(file, kubeconfig(api.url))
  const started = performance.now()
  const guard = await startGuard(file, { webhook: 0, health: 0 })
  try {
    while (!(await fetch(`${guard.health}/readyz`)).ok) await sleep(POLL_MS)
    const readySeconds = (performance.now() - started) / 1000
    const whenReady = residentMiB(guard.pid)
    for (let turn = 0; turn < REVIEWS; turn++) await ask(`${guard.webhook}/validate`, REVIEW, guard)
    const what = entourage ? 'InferenceServices with pods, Services and VirtualServices' : 'InferenceServices'
    say(
      `${models} ${what}: ready after ${readySeconds.toFixed(1)} s with ${whenReady} MiB; ${residentMiB(guard.pid)} MiB after ${REVIEWS} changes for the mesh`
    )
  } finally {
    await guard.stop('SIGINT')
    await api.close()
    rmSync(folder, { recursive: true })
  }
}

/** Notes of who wrote what, as long as they are on real objects: most of what a list sends, and nothing of what is kept. */
function withManagers(object: Stored): Stored {
  const fieldsV1 = { 'f:spec': { 'f:predictor': Object.fromEntries(FIELDS) } }
  const managers = ['kubectl-client-side-apply', 'manager'].map(manager => ({ manager, operation: 'Update', fieldsV1 }))
  return { ...object, metadata: { ...object.metadata, managedFields: managers } }
}

const FIELDS = Array.from({ length: 40 }, (_, i) => [`f:field${i}`, {}])

function residentMiB(pid: number): number {
  return Math.round(Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1024)
}
