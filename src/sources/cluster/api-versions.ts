import { z } from 'zod'
import { KINDS, type Kind } from '../../state/resource.ts'
import { toApiStatusError } from './api-status.ts'
import { parseJson } from './json.ts'
import { toText } from './line-stream.ts'
import type { ReadOptions } from './request.ts'
import type { Transport } from './transport.ts'
import { WatchError } from './watch-error.ts'

/** As `metav1.APIGroup`. */
const group = z.object({ versions: z.array(z.object({ version: z.string() })) })
const MAX_GROUP_BYTES = 1024 * 1024

/**
 * Versions in which the API server has the group of a kind, without the version that the model reads.
 *
 * @throws {WatchError} if discovery fails
 */
export async function otherVersions(
  transport: Transport,
  kind: Kind,
  options: ReadOptions
): Promise<readonly string[]> {
  const info = KINDS[kind]
  const path = `/apis/${info.group}`
  const response = await transport.get(path, options)
  if (response.status !== 200) {
    const error = await toApiStatusError(path, response)
    if (response.status === 404) return []
    throw error
  }
  const { data } = group.safeParse(parseJson(await toText(response.body, MAX_GROUP_BYTES)))
  if (data === undefined) throw new WatchError('unexpected', `${path}: the response is not an APIGroup`, true)
  return data.versions.map(({ version }) => version).filter(version => version !== info.version)
}

/** Compares two resourceVersions, integers of any length; false if one is not an integer. */
export function isOlder(version: string, than: string): boolean {
  if (!(INTEGER.test(version) && INTEGER.test(than))) return false
  return version.length === than.length ? version < than : version.length < than.length
}

const INTEGER = /^[1-9]\d*$/
