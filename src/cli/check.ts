import { Command } from 'commander'
import type { Config } from '../config.ts'
import { type AdmissionDecision, decide, decideState } from '../engine/decide.ts'
import { expiredSkips } from '../engine/exceptions.ts'
import type { Finding, Skip } from '../engine/finding.ts'
import { mutate } from '../engine/mutate.ts'
import { type Policy, policyAt } from '../engine/to-findings.ts'
import type { Resource } from '../model/resource.ts'
import type { Change, Snapshot } from '../model/snapshot.ts'
import { toJson } from '../report/json.ts'
import type { Report, Reported, Step } from '../report/report.ts'
import { toText } from '../report/text.ts'
import { RULES } from '../rules/index.ts'
import { countIgnored, readFiles } from '../sources/files.ts'
import type { Manifest } from '../sources/yaml.ts'
import { addReportOptions, exitCode, type Io, loadConfig, type ReportOptions } from './command.ts'
import { findPlace, keyOf, toWorld, type World } from './world.ts'

/** What is wrong with a cluster that holds these files and nothing else? */
export function checkState(manifests: readonly Manifest[], config: Config): Report {
  return reportOf(toWorld(manifests, config).state, manifests, policyAt(config, Date.now()))
}

/**
 * What is wrong with a state?
 *
 * @param manifests the files that it comes from, if it does
 */
export function reportOf(state: Snapshot, manifests: readonly Manifest[], policy: Policy): Report {
  const { decision, findings, skipped } = decideState(state, RULES, policy)
  return { decision, steps: [], findings: findings.map(located(manifests)), skipped }
}

/**
 * What would admission say of these changes, one after the other? Each meets what the ones before it have left; a
 * refused one leaves nothing. Kinds that are not on the path are admitted.
 */
export function checkChanges(manifests: readonly Manifest[], start: World, config: Config, deleting: boolean): Report {
  const policy = policyAt(config, Date.now())
  const locate = located(manifests)
  const steps: Step[] = []
  const skipped = new Map<string, Skip>()
  let world = start
  for (const manifest of manifests) {
    const { step, skips, next } = take(world, manifest, policy, deleting)
    steps.push({ ...step, findings: step.findings.map(locate), existing: step.existing.map(locate) })
    for (const skip of skips) skipped.set(JSON.stringify(skip), skip)
    world = next
  }
  for (const skip of expiredSkips(policy.exceptions)) skipped.set(JSON.stringify(skip), skip)
  return { decision: worst(steps), steps, findings: [], skipped: [...skipped.values()] }
}

interface Taken {
  readonly step: Omit<Step, 'findings' | 'existing'> & {
    readonly findings: readonly Finding[]
    readonly existing: readonly Finding[]
  }
  readonly skips: readonly Skip[]
  readonly next: World
}

function take(world: World, { ref, resource, object, source }: Manifest, policy: Policy, deleting: boolean): Taken {
  const key = keyOf(ref)
  const oldObject = world.objects.get(key)
  const operation = deleting ? 'DELETE' : oldObject === undefined ? 'CREATE' : 'UPDATE'
  const admitted = {
    object: ref,
    operation,
    source,
    decision: 'allow',
    patch: [],
    notes: [],
    findings: [],
    existing: []
  } as const
  const change = resource === undefined ? undefined : toChange(world.state, resource, deleting)
  if (change === undefined) return { step: admitted, skips: [], next: world }

  const mutated = mutate(world.state, change, { object, oldObject }, RULES)
  const { skipped, ...decision } = decide(world.state, mutated.change, RULES, policy)
  const { patch, notes } = mutated
  const objects = new Map(world.objects).set(key, deleting ? undefined : object)
  const next = decision.decision === 'deny' ? world : { state: world.state.apply(mutated.change), objects }
  return { step: { ...admitted, ...decision, patch, notes }, skips: skipped, next }
}

/** Absent when something is to be deleted that is not there. */
function toChange(state: Snapshot, resource: Resource, deleting: boolean): Change | undefined {
  const before: Resource | undefined = state.get(resource.kind, resource.namespace, resource.name)
  if (deleting) return before === undefined ? undefined : { operation: 'DELETE', before }
  if (before === undefined) return { operation: 'CREATE', after: resource }
  // What a file cannot know stays as it is: the age, and what the controllers have noted.
  const noted = 'status' in before ? { status: before.status } : {}
  return { operation: 'UPDATE', before, after: { ...noted, ...resource, created: before.created } as Resource }
}

function worst(steps: readonly Step[]): AdmissionDecision {
  const decisions = new Set(steps.map(({ decision }) => decision))
  if (decisions.has('deny')) return 'deny'
  return decisions.has('warn') ? 'warn' : 'allow'
}

/** Adds the place of the object that a finding is about, where one of the files holds it. */
function located(manifests: readonly Manifest[]): (finding: Finding) => Reported {
  const places = new Map(manifests.map(manifest => [keyOf(manifest.ref), manifest]))
  return finding => {
    const place = places.get(keyOf(finding.object))
    const source = place && { file: place.source.file, line: place.lineOf(finding.field) }
    return { ...finding, source }
  }
}

interface CheckOptions extends ReportOptions {
  readonly against?: string
  readonly delete?: boolean
}

export function checkCommand(io: Io): Command {
  const command = new Command('check')
    .description('what would admission say?')
    .argument('<path...>', 'file, folder, or - for standard input')
    .option('--against <path>', 'the state that the paths change: a path, or `live`; without it they are the state')
    .option('--delete', 'the objects of the paths are deleted')
  return addReportOptions(command)
    .addHelpText('after', '\nExample:\n  mesh-guard check change.yaml --against examples/cluster')
    .action(async (paths: readonly string[], options: CheckOptions) => {
      const config = loadConfig(options.config, options.rule)
      const place = await findPlace(options.against, options)
      const manifests = readFiles(paths, place.namespace)
      const ignored = countIgnored(manifests)
      if (ignored !== undefined) io.err(ignored)
      const report =
        options.against === undefined
          ? checkState(manifests, config)
          : checkChanges(manifests, await place.open(config, io), config, options.delete === true)
      io.out(options.format === 'json' ? toJson(report) : toText(report))
      io.exit(exitCode(report, options.failOn))
    })
}
