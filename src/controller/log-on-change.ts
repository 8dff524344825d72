import type { Logger } from 'pino'
import { messageOf } from '../text/error-message.ts'

/**
 * For operations that are retried: logs an error only if it differs from that of the previous attempt.
 *
 * @returns a function that runs an attempt; it resolves to the result, or to `undefined` if the attempt throws
 */
export function logOnChange(log: Logger, what: string): <T>(attempt: () => Promise<T>) => Promise<T | undefined> {
  let previous = ''
  return async attempt => {
    try {
      const result = await attempt()
      previous = ''
      return result
    } catch (error) {
      const message = messageOf(error)
      if (message !== previous) log.warn({ message }, what)
      previous = message
      return undefined
    }
  }
}
