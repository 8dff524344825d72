import { setTimeout as sleep } from 'node:timers/promises'

/** Waits for something to become true. @throws when it does not, within `timeoutMs` */
export async function until(what: string, isSo: () => boolean, timeoutMs = 15_000): Promise<void> {
  const end = performance.now() + timeoutMs
  while (!isSo()) {
    if (performance.now() > end) throw new Error(`not within ${timeoutMs} ms: ${what}`)
    await sleep(5)
  }
}
