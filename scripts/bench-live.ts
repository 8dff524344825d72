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

const REVIEW = readFileSync(join(import.meta.dirname, '../examples/review.json'), 'utf8')
/** Mesh-wide changes before memory is measured again. */
const REVIEWS = 20
const POLL_MS = 50

/**
 * Starts the bundled program on an API server with these objects; prints the time until it is ready, and its memory then
 * and after the first evaluations.
 */
export async function benchLive(
  name: string,
  objects: readonly object[],
  print: (line: string) => void
): Promise<void> {
  const api = await startApiServer()
  serveAll(api)
  for (const object of objects as readonly Stored[]) api.put(pathOf(object.kind ?? ''), withManagers(object))
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
    print(
      `${name}: ready after ${readySeconds.toFixed(1)} s with ${whenReady} MiB; ${residentMiB(guard.pid)} MiB after ${REVIEWS} mesh-wide changes`
    )
  } finally {
    await guard.stop('SIGINT')
    await api.close()
    rmSync(folder, { recursive: true })
  }
}

/** Adds managedFields of realistic size: most of a list response, none of it is cached. */
function withManagers(object: Stored): Stored {
  const fieldsV1 = { 'f:spec': { 'f:predictor': Object.fromEntries(FIELDS) } }
  const managers = ['kubectl-client-side-apply', 'manager'].map(manager => ({ manager, operation: 'Update', fieldsV1 }))
  return { ...object, metadata: { ...object.metadata, managedFields: managers } }
}

const FIELDS = Array.from({ length: 40 }, (_, i) => [`f:field${i}`, {}])

function residentMiB(pid: number): number {
  return Math.round(Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1024)
}
