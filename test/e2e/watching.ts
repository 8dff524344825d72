import { setTimeout as sleep } from 'node:timers/promises'
import { stringify } from 'yaml'
import type { Kubectl, Ran } from './kubectl.ts'

/** A change to the mesh that cuts nothing. */
const HARMLESS = stringify({
  apiVersion: 'networking.istio.io/v1beta1',
  kind: 'Sidecar',
  metadata: { name: 'harmless', namespace: 'user1' },
  spec: {}
})

export interface Watching {
  /** @throws when it does not come about in time */
  readonly until: (what: string, isSo: () => Promise<boolean>, seconds?: number) => Promise<void>
  readonly tryHarmless: () => Promise<Ran>
  /** Applies again and again while something happens. @returns what failed */
  readonly applying: (happens: () => Promise<unknown>) => Promise<readonly string[]>
}

export function watching(kubectl: Kubectl, comment: (line: string) => void): Watching {
  const tryHarmless = () => kubectl(['apply', '--dry-run=server', '-f', '-'], HARMLESS)
  return {
    until: async (what, isSo, seconds = 30) => {
      const started = performance.now()
      while (!(await isSo())) {
        if (performance.now() > started + seconds * 1000) {
          throw new Error(`${what} did not come about within ${seconds} s`)
        }
        await sleep(100)
      }
      comment(`${what}: ${((performance.now() - started) / 1000).toFixed(1)} s`)
    },
    tryHarmless,
    applying: async happens => {
      const failed: string[] = []
      let times = 0
      let over = false
      const loop = async () => {
        while (!over) {
          const { code, err } = await tryHarmless()
          if (code !== 0) failed.push(err)
          times++
        }
      }
      const looping = loop()
      await happens()
      over = true
      await looping
      comment(`${times} applied`)
      return failed
    }
  }
}
