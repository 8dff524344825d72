import { Command } from 'commander'
import type { Config } from '../config-schema.ts'
import { admit, keyOf } from '../engine/admission-step.ts'
import type { AdmissionDecision } from '../engine/decide.ts'
import { expiredExceptions, type Suppression } from '../engine/exceptions.ts'
import type { Finding } from '../engine/finding.ts'
import { dedupe } from '../engine/incremental/evaluate.ts'
import type { Skip } from '../engine/incremental/skip.ts'
import { toInstallation } from '../report/installation.ts'
import type { Report, Reported, SkippedObject, Step } from '../report/report.ts'
import { decidesRequests } from '../sources/unread-kinds.ts'
import type { Manifest } from '../sources/yaml.ts'
import { nameOf, type Ref } from '../state/resource.ts'
import { addPaths, contextOf, type PathOptions, pathsOf, readChanges, requirePaths } from './change-options.ts'
import type { ClusterState } from './cluster-state.ts'
import { addReportOptions, exitCode, type ReportOptions } from './command.ts'
import { FINDINGS, helpText } from './help.ts'
import type { Io } from './io.ts'
import { reportOutputOption } from './output.ts'
import { printReport } from './report-output.ts'

/**
 * Evaluates changes in order, each against the state after the previous ones. A denied change does not change the state.
 * Objects of kinds that are not evaluated are listed as skipped, and as not evaluated if they can decide requests.
 */
export function checkChanges(
  manifests: readonly Manifest[],
  start: ClusterState,
  config: Config,
  deleting: boolean
): Report {
  const context = { ...contextOf(config), deleting }
  // A later manifest of the same object is not in the state yet.
  const applied = new Map<string, Manifest>()
  const locate = (finding: Finding) => atSource(applied, finding)
  const steps: Step[] = []
  const notEvaluated: Skip[] = []
  const undecided: Skip[] = []
  const skipped: (Suppression | SkippedObject)[] = []
  let { state } = start
  const objects = new Map(start.objects)
  for (const manifest of manifests) {
    const { resource, ref, object, source } = manifest
    if (resource === undefined) {
      skipped.push({ object: ref, source, reason: 'kind is not evaluated' })
      if (decidesRequests(ref)) undecided.push(toSkip(ref))
      continue
    }
    const key = keyOf(ref)
    applied.set(key, manifest)
    const result = admit(state, { resource, object, oldObject: objects.get(key) }, context)
    if (result === undefined) {
      steps.push({ object: ref, operation: 'DELETE', source, ...NOTHING_DELETED })
      continue
    }
    const { findings, existing, ...decided } = result.decision
    steps.push({
      object: ref,
      operation: result.change.operation,
      source,
      decision: decided.decision,
      patch: result.patch,
      notes: result.notes,
      findings: findings.map(locate),
      existing: existing.map(locate)
    })
    notEvaluated.push(...decided.notEvaluated)
    skipped.push(...decided.suppressed)
    state = result.next
    objects.set(key, result.object)
  }
  return {
    decision: mostSevereDecision([
      ...steps.map(({ decision }) => decision),
      ...undecided.map(() => context.policy.unevaluated)
    ]),
    steps,
    findings: [],
    notEvaluated: dedupe([...undecided, ...notEvaluated]),
    skipped: dedupe([...skipped, ...expiredExceptions(context.policy.exceptions)]),
    installation: toInstallation(state)
  }
}

/** Step that deletes an object that does not exist. */
const NOTHING_DELETED = { decision: 'allow', patch: [], notes: [], findings: [], existing: [] } as const

function mostSevereDecision(decisions: readonly AdmissionDecision[]): AdmissionDecision {
  if (decisions.includes('deny')) return 'deny'
  return decisions.includes('warn') ? 'warn' : 'allow'
}

const toSkip = (ref: Ref): Skip => ({
  rule: 'object',
  missing: [],
  reason: `${nameOf(ref)}: objects of this kind can decide requests and are not modeled`
})

/** Adds the file and line of the object at fault, if one of the manifests defines it. */
export function withSourceLocation(manifests: readonly Manifest[]): (finding: Finding) => Reported {
  const byKey = new Map(manifests.map(manifest => [keyOf(manifest.ref), manifest]))
  return finding => atSource(byKey, finding)
}

function atSource(manifests: ReadonlyMap<string, Manifest>, finding: Finding): Reported {
  const manifest = manifests.get(keyOf(finding.object))
  const source = manifest && { file: manifest.source.file, line: manifest.lineOf(finding.field) }
  return { ...finding, source }
}

const EXAMPLES = [
  'mesh-guard check change.yaml',
  'mesh-guard check examples/strict-mesh.yaml --against examples/cluster',
  'mesh-guard check -f overlays/prod -n user1 --fail-on warn',
  'kustomize build | mesh-guard check - --against examples/cluster',
  'mesh-guard check change.yaml -o sarif > mesh-guard.sarif'
]

interface CheckOptions extends ReportOptions, PathOptions {
  readonly delete?: boolean
}

export function checkCommand(io: Io): Command {
  const command = addPaths(
    new Command('check').description('Evaluate manifests and print the admission decision for each')
  ).option('--delete', 'evaluate the deletion of the objects instead of their creation or update')
  return addReportOptions(command, reportOutputOption)
    .addHelpText('after', helpText(EXAMPLES, FINDINGS))
    .action(async (paths: readonly string[], options: CheckOptions) => {
      const all = pathsOf(paths, options)
      requirePaths(all)
      const { config, manifests, start } = await readChanges(all, options, io)
      const report = checkChanges(manifests, start, config, options.delete === true)
      printReport(io, options, report, manifests)
      io.exit(exitCode(report, options.failOn))
    })
}
