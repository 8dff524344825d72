import { type ReadCluster, type ReadProgress, readCluster } from '../sources/cluster/read-once.ts'
import type { Transport } from '../sources/cluster/transport.ts'
import type { Settings } from '../state/settings.ts'
import type { Io } from './io.ts'

/** Reads that are done sooner show no progress. */
const DELAY_MS = 1_000
const INTERVAL_MS = 200

/**
 * Reads a cluster. Objects that cannot be parsed are reported on stderr, and so is the progress of a long read on a terminal.
 *
 * @throws {UnreadableCluster}
 */
export async function readLive(connection: Transport, settings: Settings, io: Io): Promise<ReadCluster> {
  const { status } = io
  const onParseError = (message: string) => io.err(`object skipped: cannot parse: ${message}`)
  if (status === undefined) return readCluster(connection, settings, onParseError)
  const start = Date.now()
  let latest: ReadProgress = { kinds: 0, allKinds: 0, objects: 0 }
  const timer = setInterval(() => {
    if (Date.now() - start >= DELAY_MS) status(describe(latest))
  }, INTERVAL_MS)
  try {
    return await readCluster(connection, settings, onParseError, progress => {
      latest = progress
    })
  } finally {
    clearInterval(timer)
    status('')
  }
}

function describe({ kinds, allKinds, objects }: ReadProgress): string {
  return `read ${kinds} of ${allKinds} kinds, ${objects.toLocaleString('en-US')} objects`
}
