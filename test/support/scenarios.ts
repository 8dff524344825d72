import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { runScenario } from '../../scripts/scenarios.ts'
import { readFiles } from '../../src/sources/files.ts'
import type { Manifest } from '../../src/sources/yaml.ts'
import { nameOf } from '../../src/state/resource.ts'

const folder = join(import.meta.dirname, '../scenarios')
/** Parsed once; each scenario omits some objects. */
const base = toNamed(readFiles([join(folder, 'base.yaml')]))

export const SCENARIOS = readdirSync(folder, { withFileTypes: true })
  .filter(entry => entry.isDirectory())
  .map(({ name }) => name)

/** An object with its name, `Kind namespace/name`. */
export interface Named {
  readonly name: string
  readonly text: string
}

export interface OwnScenario {
  /** Content of scenario.yaml without the keys `without` and `overlay`. */
  readonly scenario: Readonly<Record<string, unknown>>
  /** base.yaml without the objects in `without`; those of the overlay, if any, and of cluster.yaml replace others. */
  readonly cluster: readonly Named[]
  readonly change: readonly Named[]
}

export function readOwnScenario(name: string): OwnScenario {
  const from = join(folder, name)
  const { without = [], overlay, ...scenario } = parse(readFileSync(join(from, 'scenario.yaml'), 'utf8'))
  const omitted = new Set(without)
  const shared = overlay === undefined ? base : replace(base, toNamed(readFiles([join(folder, `${overlay}.yaml`)])))
  const cluster = replace(
    shared.filter(one => !omitted.has(one.name)),
    toNamed(readFiles([join(from, 'cluster.yaml')]))
  )
  return { scenario, cluster, change: toNamed(readFiles([join(from, 'change.yaml')])) }
}

/** Objects with those of another list, which take the place of objects of the same name. */
function replace(objects: readonly Named[], others: readonly Named[]): readonly Named[] {
  const names = new Set(others.map(({ name }) => name))
  return [...objects.filter(({ name }) => !names.has(name)), ...others]
}

export function toNamed(manifests: readonly Manifest[]): readonly Named[] {
  return manifests.map(({ ref, object }) => ({ name: nameOf(ref), text: stringify(object) }))
}

/**
 * Runs a scenario of test/scenarios.
 *
 * @returns one line for each difference from the expectation
 */
export async function runOwnScenario(name: string): Promise<readonly string[]> {
  const { scenario, cluster } = readOwnScenario(name)
  const to = mkdtempSync(join(tmpdir(), 'scenario-'))
  try {
    writeFileSync(join(to, 'scenario.yaml'), stringify(scenario))
    writeFileSync(join(to, 'change.yaml'), readFileSync(join(folder, name, 'change.yaml')))
    writeFileSync(join(to, 'cluster.yaml'), cluster.map(({ text }) => text).join('---\n'))
    return await runScenario(to)
  } finally {
    rmSync(to, { recursive: true })
  }
}
