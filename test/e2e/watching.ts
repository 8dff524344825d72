import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { stringify } from 'yaml'
import type { Kubectl, Ran } from './kubectl.ts'

/** A mesh change that blocks nothing. */
const HARMLESS = stringify({
  apiVersion: 'networking.istio.io/v1beta1',
  kind: 'Sidecar',
  metadata: { name: 'harmless', namespace: 'user1' },
  spec: {}
})

/** A mesh change that the guard denies. */
const STRICT = readFileSync(join(import.meta.dirname, '../../examples/strict-mesh.yaml'), 'utf8')

/** Results of changes that the guard must deny. */
export interface Denials {
  /** Denials by the guard. */
  readonly deniedByGuard: number
  /** Other errors, such as an unavailable API server or webhook. */
  readonly otherErrors: readonly string[]
  /** Output of changes that were admitted. */
  readonly admitted: readonly string[]
}

export interface Probes {
  /** @throws on timeout */
  readonly until: (what: string, isSo: () => Promise<boolean>, seconds?: number) => Promise<void>
  readonly tryHarmless: () => Promise<Ran>
  readonly tryStrict: () => Promise<Ran>
  /** True if the guard denies STRICT. */
  readonly isGuarded: () => Promise<boolean>
  /** Applies a harmless change repeatedly during `action`. @returns failures */
  readonly whileApplying: (action: () => Promise<unknown>) => Promise<readonly string[]>
  /** As `whileApplying`, and dry-runs a change that must be denied. @returns failures, and output of admitted changes */
  readonly whileGuarded: (action: () => Promise<unknown>) => Promise<readonly string[]>
  /** Applies a change that must be denied repeatedly during `action`, without dry run. */
  readonly whileDenied: (action: () => Promise<unknown>) => Promise<Denials>
}

export function createProbes(kubectl: Kubectl, comment: (line: string) => void): Probes {
  const dryRun = (manifest: string) => kubectl(['apply', '--dry-run=server', '-f', '-'], manifest)
  const tryHarmless = () => dryRun(HARMLESS)
  const tryStrict = () => dryRun(STRICT)
  const isDenied = ({ err }: Ran) => err.includes('denied the request: strict-mesh-plain-local-gateway')
  const isApplied = ({ code }: Ran) => code === 0
  const repeat = async (action: () => Promise<unknown>, trials: readonly Trial[]) => {
    const failed: string[] = []
    const times = await repeatDuring(action, async () => {
      for (const { attempt, isRight } of trials) {
        const ran = await attempt()
        if (!isRight(ran)) failed.push(`${ran.out}${ran.err}`)
      }
    })
    comment(`applied ${times} times`)
    return failed
  }
  const harmless = { attempt: tryHarmless, isRight: isApplied }
  const strict = { attempt: tryStrict, isRight: isDenied }
  return {
    until: async (what, isSo, seconds = 30) => {
      const started = performance.now()
      while (!(await isSo())) {
        if (performance.now() > started + seconds * 1000) {
          throw new Error(`${what} timed out after ${seconds} s`)
        }
        await sleep(100)
      }
      comment(`${what}: ${((performance.now() - started) / 1000).toFixed(1)} s`)
    },
    tryHarmless,
    tryStrict,
    isGuarded: async () => isDenied(await tryStrict()),
    whileApplying: action => repeat(action, [harmless]),
    whileGuarded: action => repeat(action, [harmless, strict]),
    whileDenied: async action => {
      const refusals = { deniedByGuard: 0, otherErrors: [] as string[], admitted: [] as string[] }
      await repeatDuring(action, async () => {
        const ran = await kubectl(['apply', '--request-timeout=10s', '-f', '-'], STRICT)
        if (isApplied(ran)) refusals.admitted.push(ran.out + ran.err)
        else if (isDenied(ran)) refusals.deniedByGuard++
        else refusals.otherErrors.push(ran.err)
      })
      const { deniedByGuard, otherErrors, admitted } = refusals
      comment(`${deniedByGuard} denied by the guard, ${otherErrors.length} other errors, ${admitted.length} admitted`)
      return refusals
    }
  }
}

/** @returns the number of repetitions */
async function repeatDuring(action: () => Promise<unknown>, act: () => Promise<void>): Promise<number> {
  let times = 0
  let over = false
  const loop = async () => {
    while (!over) {
      await act()
      times++
    }
  }
  const repeatDuring = loop()
  try {
    await action()
  } finally {
    over = true
    await repeatDuring
  }
  return times
}

interface Trial {
  readonly attempt: () => Promise<Ran>
  readonly isRight: (ran: Ran) => boolean
}
