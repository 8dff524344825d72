import { z } from 'zod'
import { parseJson } from './json.ts'
import { toText } from './line-stream.ts'
import type { Transport } from './transport.ts'

/** As `version.Info` of Kubernetes. */
const info = z.object({ gitVersion: z.string() })

const TIMEOUT_MS = 10_000
const MAX_BYTES = 1024 * 1024

/** Version of the API server; absent if it does not answer with one. */
export async function readVersion(transport: Transport): Promise<string | undefined> {
  const options = { signal: AbortSignal.timeout(TIMEOUT_MS), idleTimeoutMs: TIMEOUT_MS }
  try {
    const { body } = await transport.get('/version', options)
    return info.safeParse(parseJson(await toText(body, MAX_BYTES))).data?.gitVersion
  } catch {
    return undefined
  }
}
