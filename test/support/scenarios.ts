import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { runScenario } from '../../scripts/scenarios.ts'
import { nameOf } from '../../src/model/resource.ts'
import { readFiles } from '../../src/sources/files.ts'

const folder = join(import.meta.dirname, '../scenarios')
/** Taken apart once: each scenario leaves some of it out. */
const base = readFiles([join(folder, 'base.yaml')]).map(({ ref, object }) => ({
  name: nameOf(ref),
  text: stringify(object)
}))

export const SCENARIOS = readdirSync(folder, { withFileTypes: true })
  .filter(entry => entry.isDirectory())
  .map(({ name }) => name)

/**
 * Runs a scenario of ours. Its cluster is the base, without what `without` names, with what its own cluster.yaml has.
 *
 * @returns one line for each thing that is not as expected.
 */
export async function runOwnScenario(name: string): Promise<readonly string[]> {
  const from = join(folder, name)
  const { without = [], ...scenario } = parse(readFileSync(join(from, 'scenario.yaml'), 'utf8'))
  const own = readFiles([join(from, 'cluster.yaml')])
  const replaced = new Set([...without, ...own.map(({ ref }) => nameOf(ref))])
  const kept = base.filter(one => !replaced.has(one.name)).map(({ text }) => text)
  const to = mkdtempSync(join(tmpdir(), 'scenario-'))
  try {
    writeFileSync(join(to, 'scenario.yaml'), stringify(scenario))
    writeFileSync(join(to, 'change.yaml'), readFileSync(join(from, 'change.yaml')))
    writeFileSync(join(to, 'cluster.yaml'), [...kept, ...own.map(({ object }) => stringify(object))].join('---\n'))
    return await runScenario(to)
  } finally {
    rmSync(to, { recursive: true })
  }
}
