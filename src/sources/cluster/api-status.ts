import { z } from 'zod'
import { parseJson } from './json.ts'
import { toText } from './line-stream.ts'
import type { Answer } from './request.ts'
import { ServerError } from './watch-error.ts'

const status = z.object({ message: z.string() })
const MOST_BYTES = 64 * 1024

/** What an answer says that is not the one asked for. */
export async function toRefusal(path: string, answer: Answer): Promise<ServerError> {
  const text = await toText(answer.body, MOST_BYTES)
  const said = status.safeParse(parseJson(text)).data?.message ?? text
  return new ServerError(answer.status, `${path}: ${answer.status} ${said}`.trim(), answer.retryAfterMs)
}
