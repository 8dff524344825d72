import { readFileSync } from 'node:fs'
import { join } from 'node:path'
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

/** A change that is refused, as the examples are. */
const STRICT = readFileSync(join(import.meta.dirname, '../../examples/strict-mesh.yaml'), 'utf8')

export interface Watching {
  /** @throws when it does not come about in time */
  readonly until: (what: string, isSo: () => Promise<boolean>, seconds?: number) => Promise<void>
  readonly tryHarmless: () => Promise<Ran>
  readonly tryStrict: () => Promise<Ran>
  /** Is STRICT refused, and by us? */
  readonly isGuarded: () => Promise<boolean>
  /** Applies again and again what is harmless, while something happens. @returns what failed */
  readonly applying: (happens: () => Promise<unknown>) => Promise<readonly string[]>
  /** As `applying`, and tries between that what has to be refused. @returns what failed, and what was said to what was not refused */
  readonly guarding: (happens: () => Promise<unknown>) => Promise<readonly string[]>
}

export function watching(kubectl: Kubectl, comment: (line: string) => void): Watching {
  const dryRun = (manifest: string) => kubectl(['apply', '--dry-run=server', '-f', '-'], manifest)
  const tryHarmless = () => dryRun(HARMLESS)
  const tryStrict = () => dryRun(STRICT)
  const isRefused = ({ err }: Ran) => err.includes('denied the request: strict-mesh-plain-local-gateway')
  const isApplied = ({ code }: Ran) => code === 0
  const repeat = async (happens: () => Promise<unknown>, trials: readonly Trial[]) => {
    const failed: string[] = []
    let times = 0
    let over = false
    const loop = async () => {
      while (!over) {
        for (const { attempt, isRight } of trials) {
          const ran = await attempt()
          if (!isRight(ran)) failed.push(`${ran.out}${ran.err}`)
          times++
        }
      }
    }
    const looping = loop()
    try {
      await happens()
    } finally {
      over = true
      await looping
    }
    comment(`${times} applied`)
    return failed
  }
  const harmless = { attempt: tryHarmless, isRight: isApplied }
  const strict = { attempt: tryStrict, isRight: isRefused }
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
    tryStrict,
    isGuarded: async () => isRefused(await tryStrict()),
    applying: happens => repeat(happens, [harmless]),
    guarding: happens => repeat(happens, [harmless, strict])
  }
}

interface Trial {
  readonly attempt: () => Promise<Ran>
  readonly isRight: (ran: Ran) => boolean
}
