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
  readonly tryStrict: () => Promise<Ran>
  /** Is STRICT refused, and by us? */
  readonly isGuarded: () => Promise<boolean>
  /** Applies again and again what is harmless, while something happens. @returns what failed */
  readonly applying: (happens: () => Promise<unknown>) => Promise<readonly string[]>
  /** As `applying`, and tries between that what has to be refused. @returns what failed, and what was said to what was not refused */
  readonly guarding: (happens: () => Promise<unknown>) => Promise<readonly string[]>
  /** Applies in earnest, again and again while something happens, what has to be refused. */
  readonly refusing: (happens: () => Promise<unknown>) => Promise<Refusals>
}

export function watching(kubectl: Kubectl, comment: (line: string) => void): Watching {
  const dryRun = (manifest: string) => kubectl(['apply', '--dry-run=server', '-f', '-'], manifest)
  const tryHarmless = () => dryRun(HARMLESS)
  const tryStrict = () => dryRun(STRICT)
  const isRefused = ({ err }: Ran) => err.includes('denied the request: strict-mesh-plain-local-gateway')
  const isApplied = ({ code }: Ran) => code === 0
  const repeat = async (happens: () => Promise<unknown>, trials: readonly Trial[]) => {
    const failed: string[] = []
    const times = await looping(happens, async () => {
      for (const { attempt, isRight } of trials) {
        const ran = await attempt()
        if (!isRight(ran)) failed.push(`${ran.out}${ran.err}`)
      }
    })
    comment(`${times} times applied`)
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
    guarding: happens => repeat(happens, [harmless, strict]),
    refusing: async happens => {
      const refusals = { byGuard: 0, otherwise: [] as string[], slipped: [] as string[] }
      await looping(happens, async () => {
        const ran = await kubectl(['apply', '--request-timeout=10s', '-f', '-'], STRICT)
        if (isApplied(ran)) refusals.slipped.push(ran.out + ran.err)
        else if (isRefused(ran)) refusals.byGuard++
        else refusals.otherwise.push(ran.err)
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

interface Trial {
  readonly attempt: () => Promise<Ran>
  readonly isRight: (ran: Ran) => boolean
}
