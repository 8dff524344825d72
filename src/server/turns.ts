/**
 * Lets those who wait go on one by one, as they came, each in a turn of the event loop of its own. Judging takes all of
 * a turn; between two of them what has arrived meanwhile is seen, and health is answered.
 */
export function takeTurns(): () => Promise<void> {
  const waiting: (() => void)[] = []
  const next = () => {
    waiting.shift()?.()
    if (waiting.length > 0) setImmediate(next)
  }
  return () =>
    new Promise(resolve => {
      waiting.push(resolve)
      if (waiting.length === 1) setImmediate(next)
    })
}
