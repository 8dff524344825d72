import { setTimeout as sleep } from 'node:timers/promises'

/** Polls a condition. @throws if it is not true within `timeoutMs` */
export async function waitUntil(what: string, isTrue: () => boolean, timeoutMs = 15_000): Promise<void> {
  const end = performance.now() + timeoutMs
  while (!isTrue()) {
    if (performance.now() > end) throw new Error(`timed out after ${timeoutMs} ms: ${what}`)
    await sleep(5)
  }
}
