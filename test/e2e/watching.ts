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

/** A change to the mesh that cuts every model. */
const HARMFUL = readFileSync(join(import.meta.dirname, '../../examples/strict-mesh.yaml'), 'utf8')

/** What became of changes that the guard is to refuse. */
export interface Refusals {
  /** How often the guard refused. */
  readonly byGuard: number
  /** How else it failed: nobody could be asked, or told. */
  readonly otherwise: readonly string[]
  /** What was said when it got in. */
  readonly slipped: readonly string[]
}

export interface Watching {
  /** @throws when it does not come about in time */
  readonly until: (what: string, isSo: () => Promise<boolean>, seconds?: number) => Promise<void>
  readonly tryHarmless: () => Promise<Ran>
  /** Applies again and again while something happens. @returns what failed */
  readonly applying: (happens: () => Promise<unknown>) => Promise<readonly string[]>
  /** Applies in earnest, again and again while something happens, what is to be refused. */
  readonly refusing: (happens: () => Promise<unknown>) => Promise<Refusals>
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
      const times = await looping(happens, async () => {
        const { code, err } = await tryHarmless()
        if (code !== 0) failed.push(err)
      })
      comment(`${times} applied`)
      return failed
    },
    refusing: async happens => {
      const refusals = { byGuard: 0, otherwise: [] as string[], slipped: [] as string[] }
      await looping(happens, async () => {
        const { code, out, err } = await kubectl(['apply', '--request-timeout=10s', '-f', '-'], HARMFUL)
        if (code === 0) refusals.slipped.push(out + err)
        else if (err.includes('denied the request: strict-mesh-plain-local-gateway')) refusals.byGuard++
        else refusals.otherwise.push(err)
      })
      const { byGuard, otherwise, slipped } = refusals
      comment(`${byGuard} refused by the guard, ${otherwise.length} failed otherwise, ${slipped.length} got in`)
      return refusals
    }
  }
}

/** @returns how often it was done */
async function looping(happens: () => Promise<unknown>, act: () => Promise<void>): Promise<number> {
  let times = 0
  let over = false
  const loop = async () => {
    while (!over) {
      await act()
      times++
    }
  }
  const looping = loop()
  try {
    await happens()
  } finally {
    over = true
    await looping
  }
  return times
}
