import { z } from 'zod'
import { parseJson } from './json.ts'
import { toText } from './line-stream.ts'
import type { ApiResponse } from './request.ts'
import { ApiStatusError } from './watch-error.ts'

const status = z.object({ message: z.string() })
const MAX_BYTES = 64 * 1024

/** The error of a response, with the message of its `metav1.Status` or else its text. */
export async function toApiStatusError(path: string, response: ApiResponse): Promise<ApiStatusError> {
  const text = await toText(response.body, MAX_BYTES)
  const message = status.safeParse(parseJson(text)).data?.message ?? text
  return new ApiStatusError(response.status, `${path}: ${response.status} ${message}`.trim(), response.retryAfterMs)
}
