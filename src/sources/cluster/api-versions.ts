import { z } from 'zod'
import { KINDS, type Kind } from '../../state/resource.ts'
import { toRefusal } from './api-status.ts'
import { parseJson } from './json.ts'
import { toText } from './line-stream.ts'
import type { ReadOptions } from './request.ts'
import type { Transport } from './transport.ts'
import { Trouble } from './watch-error.ts'

const group = z.object({ versions: z.array(z.object({ version: z.string() })) })
/** The document of a group is short. */
const GROUP_BYTES = 1024 * 1024

/**
 * The versions in which the server has the group of a kind, but for the one that we know.
 *
 * @throws {Trouble} when the server does not say
 */
export async function otherVersions(
  transport: Transport,
  kind: Kind,
  options: ReadOptions
): Promise<readonly string[]> {
  const known = KINDS[kind]
  const path = `/apis/${known.group}`
  const answer = await transport.get(path, options)
  if (answer.status !== 200) {
    const refusal = await toRefusal(path, answer)
    if (answer.status === 404) return []
    throw refusal
  }
  const { data } = group.safeParse(parseJson(await toText(answer.body, GROUP_BYTES)))
  if (data === undefined) throw new Trouble('unexpected', `${path}: the answer is no group`, true)
  return data.versions.map(({ version }) => version).filter(version => version !== known.version)
}

/** Versions of objects are numbers, however long; of anything else we cannot tell. */
export function isOlder(version: string, than: string): boolean {
  if (!(NUMBER.test(version) && NUMBER.test(than))) return false
  return version.length === than.length ? version < than : version.length < than.length
}

const NUMBER = /^[1-9]\d*$/
