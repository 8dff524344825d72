/**
 * Runs scenario directories (cluster.yaml, change.yaml, scenario.yaml) through `mesh-guard check --against`, and requests before
 * the change through `mesh-guard trace`, and prints each difference from the expectation. Exits with 1 if there is one.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { run } from '../src/cli/program.ts'
import { readPage, workerEntry } from '../src/program-files.ts'
import { reportSchema } from '../src/report/report.ts'
import { traceSchema } from '../src/report/trace.ts'
import { nameOf } from '../src/state/resource.ts'

const expectation = z.object({
  operation: z.enum(['CREATE', 'UPDATE', 'DELETE', 'APPLY']),
  expect: z.object({
    decision: z.string(),
    quiet: z.boolean().default(false),
    relaxed: z.string().optional(),
    blocked: z.array(z.string()).optional(),
    caller: z.array(z.string()).optional(),
    hop: z.string().optional(),
    object: z.string().optional(),
    exposes: z.array(z.string()).default([]),
    mutated: z.record(z.string(), z.string()).default({}),
    notMutated: z.array(z.string()).default([]),
    steps: z.array(z.object({ decision: z.string() })).optional(),
    traces: z
      .array(z.strictObject({ from: z.string(), to: z.string(), verdict: z.string(), identity: z.string().optional() }))
      .default([])
  })
})

type Report = z.output<typeof reportSchema>

/** @returns one line for each difference from the expectation */
export async function runScenario(folder: string): Promise<readonly string[]> {
  const { operation, expect } = expectation.parse(parse(readFileSync(join(folder, 'scenario.yaml'), 'utf8')))
  const report = await check(folder, operation === 'DELETE' ? ['--delete'] : [])
  const differences: string[] = []
  const compare = (what: string, got: unknown, wanted: unknown) => {
    if (JSON.stringify(got) !== JSON.stringify(wanted))
      differences.push(`${what}: ${JSON.stringify(got)}, expected ${JSON.stringify(wanted)}`)
  }

  compare('decision', report.decision, expect.decision)
  if (expect.steps !== undefined) {
    compare(
      'steps',
      report.steps.map(({ decision }) => decision),
      expect.steps.map(({ decision }) => decision)
    )
  }
  const reported = report.steps.flatMap(({ findings, existing }) => [...findings, ...existing])
  if (expect.quiet)
    compare(
      'reported',
      reported.map(({ rule }) => rule),
      []
    )
  const blocked = report.steps.flatMap(({ findings }) => findings).flatMap(finding => finding.blocked)
  const models = blocked.map(({ inferenceService }) => inferenceService).filter(model => model !== undefined)
  if (expect.blocked !== undefined) compare('blocked', sorted(models), sorted(expect.blocked))
  if (expect.caller !== undefined)
    compare('callers', sorted(blocked.map(({ caller }) => caller)), sorted(expect.caller))
  const hops = blocked.map(({ hop }) => hop)
  if (expect.hop !== undefined && !hops.includes(expect.hop)) compare('hops', sorted(hops), expect.hop)
  const objects = sorted(reported.map(({ object }) => nameOf(object)))
  if (expect.object !== undefined && !objects.includes(expect.object)) compare('objects', objects, expect.object)
  const exposed = sorted(reported.flatMap(({ exposes }) => exposes.map(({ what }) => what)))
  for (const what of expect.exposes) if (!exposed.includes(what)) compare('exposes', exposed, what)

  const added = addedValues(report)
  for (const [pointer, value] of Object.entries(expect.mutated))
    compare(`mutation ${pointer}`, added.get(pointer), value)
  for (const pointer of expect.notMutated) compare(`mutation ${pointer}`, added.get(pointer), undefined)
  if (expect.relaxed !== undefined) {
    const relaxed = await check(folder, ['--rule', 'strict-mesh-plain-local-gateway=warn'])
    compare('decision when relaxed', relaxed.decision, expect.relaxed)
  }
  for (const { from, to, ...wanted } of expect.traces) {
    const { verdict, identities } = await trace(folder, from, to)
    const what = `trace ${from} -> ${to}`
    compare(what, verdict, wanted.verdict)
    if (wanted.identity !== undefined) compare(`${what}: identity`, identities, [wanted.identity])
  }
  return differences
}

async function check(folder: string, flags: readonly string[]): Promise<Report> {
  return reportSchema.parse(await runCommand('check', folder, [join(folder, 'change.yaml'), ...flags]))
}

/** Verdict about a request, and the identities that its servers see. */
async function trace(folder: string, from: string, to: string) {
  const { verdict, branches } = traceSchema.parse(await runCommand('trace', folder, ['--from', from, '--to', to]))
  const calls = branches.flatMap(({ hops }) => hops).flatMap(hop => hop.calls)
  return { verdict, identities: sorted(calls.map(({ identity }) => `${identity}`)) }
}

/** @returns what the command prints about the cluster of the scenario */
async function runCommand(name: string, folder: string, args: readonly string[]): Promise<unknown> {
  let text = ''
  let errors = ''
  await run([name, ...args, '--against', join(folder, 'cluster.yaml'), '-o', 'json'], {
    out: part => {
      text += part
    },
    err: part => {
      errors += `${part}\n`
    },
    isTerminal: false,
    readPage,
    workerEntry,
    columns: Infinity,
    status: undefined,
    exit: () => {}
  })
  if (text === '') throw new Error(errors)
  return JSON.parse(text)
}

/** Values that patches add, by JSON pointer. */
function addedValues({ steps }: Report): ReadonlyMap<string, unknown> {
  const added = new Map<string, unknown>()
  for (const { path, value } of steps.flatMap(({ patch }) => patch)) {
    if (typeof value === 'string') added.set(path, value)
    else for (const [key, one] of Object.entries(Object(value))) added.set(`${path}/${key.replaceAll('/', '~1')}`, one)
  }
  return added
}

const sorted = (values: readonly string[]) => [...new Set(values)].sort()

/** Scenario directories: each path is one, or contains them. */
export function scenarioFolders(paths: readonly string[]): readonly string[] {
  return paths.flatMap(path => {
    if (existsSync(join(path, 'scenario.yaml'))) return [path]
    const names = readdirSync(path).filter(name => existsSync(join(path, name, 'scenario.yaml')))
    return names.sort().map(name => join(path, name))
  })
}

if (process.argv[1] === import.meta.filename) {
  let agree = 0
  let disagree = 0
  for (const folder of scenarioFolders(process.argv.slice(2))) {
    const differences = await runScenario(folder)
    if (differences.length === 0) agree++
    else disagree++
    for (const difference of differences) process.stdout.write(`${folder}: ${difference}\n`)
  }
  process.stdout.write(`${agree} agree, ${disagree} disagree\n`)
  process.exitCode = disagree > 0 ? 1 : 0
}
