import type { Logger } from 'pino'

/**
 * For what is tried again and again: tells a problem when it is a new one, not each time.
 *
 * @returns runs an attempt; gives what it gives, or `undefined` when it throws
 */
export function reporting(log: Logger, what: string): <T>(attempt: () => Promise<T>) => Promise<T | undefined> {
  let problem = ''
  return async attempt => {
    try {
      const result = await attempt()
      problem = ''
      return result
    } catch (error) {
      const { message } = error as Error
      if (message !== problem) log.warn({ message }, what)
      problem = message
      return undefined
    }
  }
}
