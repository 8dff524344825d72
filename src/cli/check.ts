import { Command, Option } from 'commander'
import type { Config } from '../config-schema.ts'
import { type AdmissionDecision, decide, type EvaluationCache } from '../engine/decide.ts'
import { expiredExceptions, type Suppression } from '../engine/exceptions.ts'
import type { Finding } from '../engine/finding.ts'
import { dedupe } from '../engine/incremental/evaluate.ts'
import type { Skip } from '../engine/incremental/skip.ts'
import { mutate } from '../engine/mutate.ts'
import { type Policy, policyAt } from '../engine/to-findings.ts'
import { toJson } from '../report/json.ts'
import type { Report, Reported, SkippedObject, Step } from '../report/report.ts'
import { toText } from '../report/text.ts'
import { RULES } from '../rules/index.ts'
import { describeSkipped, InvalidInput, readFiles } from '../sources/files.ts'
import type { Manifest } from '../sources/yaml.ts'
import type { Resource } from '../state/resource.ts'
import type { Change, Snapshot } from '../state/snapshot.ts'
import { againstOption, type ClusterState, keyOf, resolveSource } from './cluster-state.ts'
import { addReportOptions, exitCode, loadConfig, type ReportOptions } from './command.ts'
import { FINDINGS, helpText } from './help.ts'
import type { Io } from './io.ts'
import { print } from './output.ts'

/**
 * Evaluates changes in order, each against the state after the previous ones. A denied change does not change the state.
 * Objects of kinds that are not evaluated are listed as skipped.
 */
export function checkChanges(
  manifests: readonly Manifest[],
  start: ClusterState,
  config: Config,
  deleting: boolean
): Report {
  const policy = policyAt(config, Date.now())
  const locate = withSourceLocation(manifests)
  const steps: Step[] = []
  const notEvaluated: Skip[] = []
  const skipped: (Suppression | SkippedObject)[] = []
  const cache: EvaluationCache = {}
  let state = start
  for (const manifest of manifests) {
    const { resource, ref: object, source } = manifest
    if (resource === undefined) {
      skipped.push({ object, source, reason: 'kind is not evaluated' })
      continue
    }
    const { step, next, ...rest } = evaluateStep(state, { ...manifest, resource }, policy, deleting, cache)
    steps.push({ ...step, findings: step.findings.map(locate), existing: step.existing.map(locate) })
    notEvaluated.push(...rest.notEvaluated)
    skipped.push(...rest.suppressed)
    state = next
  }
  return {
    decision: mostSevereDecision(steps),
    steps,
    findings: [],
    notEvaluated: dedupe(notEvaluated),
    skipped: dedupe([...skipped, ...expiredExceptions(policy.exceptions)])
  }
}

interface StepResult {
  readonly step: Omit<Step, 'findings' | 'existing'> & {
    readonly findings: readonly Finding[]
    readonly existing: readonly Finding[]
  }
  readonly notEvaluated: readonly Skip[]
  readonly suppressed: readonly Suppression[]
  readonly next: ClusterState
}

/** A manifest of a kind that the model reads. */
type Evaluated = Manifest & { readonly resource: Resource }

function evaluateStep(
  current: ClusterState,
  { ref, resource, object, source }: Evaluated,
  policy: Policy,
  deleting: boolean,
  cache: EvaluationCache
): StepResult {
  const key = keyOf(ref)
  const oldObject = current.objects.get(key)
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
  const planned = toChange(current.state, resource, deleting)
  if (planned === undefined) return { step: admitted, notEvaluated: [], suppressed: [], next: current }

  const change = { ...planned, sent: { object: applied(oldObject, object), oldObject } }
  const mutated = mutate(current.state, change, { object, oldObject }, RULES)
  const { notEvaluated, suppressed, ...decision } = decide(current.state, mutated.change, RULES, policy, cache)
  const { patch, notes } = mutated
  const step = { ...admitted, ...decision, patch, notes }
  if (decision.decision === 'deny') return { step, notEvaluated, suppressed, next: current }
  const objects = new Map(current.objects).set(key, deleting ? undefined : object)
  return { step, notEvaluated, suppressed, next: { ...current, state: current.state.apply(mutated.change), objects } }
}

/** The object after `kubectl apply`, which keeps the fields that the manifest does not set. */
function applied(oldObject: unknown, manifest: unknown): unknown {
  if (!isMap(oldObject) || !isMap(manifest)) return manifest
  return {
    ...oldObject,
    ...Object.fromEntries(Object.entries(manifest).map(([key, value]) => [key, applied(oldObject[key], value)]))
  }
}

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Absent if the object to delete does not exist. */
function toChange(state: Snapshot, resource: Resource, deleting: boolean): Change | undefined {
  const before: Resource | undefined = state.get(resource.kind, resource.namespace, resource.name)
  if (deleting) return before === undefined ? undefined : { operation: 'DELETE', before }
  if (before === undefined) return { operation: 'CREATE', after: resource }
  // A manifest has no creationTimestamp and usually no status; both are kept from the state.
  const status = 'status' in before ? { status: before.status } : {}
  return { operation: 'UPDATE', before, after: { ...status, ...resource, created: before.created } as Resource }
}

function mostSevereDecision(steps: readonly Step[]): AdmissionDecision {
  const decisions = new Set(steps.map(({ decision }) => decision))
  if (decisions.has('deny')) return 'deny'
  return decisions.has('warn') ? 'warn' : 'allow'
}

/** Adds the file and line of the object at fault, if one of the manifests defines it. */
export function withSourceLocation(manifests: readonly Manifest[]): (finding: Finding) => Reported {
  const byKey = new Map(manifests.map(manifest => [keyOf(manifest.ref), manifest]))
  return finding => {
    const manifest = byKey.get(keyOf(finding.object))
    const source = manifest && { file: manifest.source.file, line: manifest.lineOf(finding.field) }
    return { ...finding, source }
  }
}

const EXAMPLES = [
  'mesh-guard check change.yaml',
  'mesh-guard check -f overlays/prod -n user1 --fail-on warn',
  'kustomize build | mesh-guard check - --against examples/cluster'
]

interface CheckOptions extends ReportOptions {
  readonly against: string
  readonly delete?: boolean
  readonly filename?: readonly string[]
}

const filenameOption = new Option('-f, --filename <path>', 'same as PATH; repeatable').argParser(
  (value: string, previous: readonly string[] = []) => [...previous, value]
)

export function checkCommand(io: Io): Command {
  const command = new Command('check')
    .description('Evaluate manifests and print the admission decision for each')
    .argument('[path...]', 'manifest files or directories, applied in this order; - reads standard input')
    .addOption(filenameOption)
    .addOption(againstOption)
    .option('--delete', 'evaluate the deletion of the objects instead of their creation or update')
  return addReportOptions(command)
    .addHelpText('after', helpText(EXAMPLES, FINDINGS))
    .action(async (paths: readonly string[], options: CheckOptions) => {
      const all = [...paths, ...(options.filename ?? [])]
      if (all.length === 0)
        throw new InvalidInput(['PATH: missing argument; use a file, a directory, or - for standard input'])
      const config = loadConfig(options.config, options.rule)
      const source = await resolveSource(options.against, options)
      const manifests = readFiles(all, source.namespace)
      const skipped = describeSkipped(manifests)
      if (skipped !== undefined) io.err(skipped)
      const state = await source.open(config, io)
      const report = checkChanges(manifests, state, config, options.delete === true)
      print(io, options, report, toText, toJson)
      io.exit(exitCode(report, options.failOn))
    })
}
