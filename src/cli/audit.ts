import { Command } from 'commander'
import type { Config } from '../config-schema.ts'
import { decideState, mostSevere } from '../engine/decide.ts'
import { concernsNamespace } from '../engine/finding.ts'
import { type Policy, policyAt } from '../engine/to-findings.ts'
import { toInstallation } from '../report/installation.ts'
import type { Report } from '../report/report.ts'
import { RULES } from '../rules/index.ts'
import { readFiles } from '../sources/files.ts'
import type { Manifest } from '../sources/yaml.ts'
import type { Snapshot } from '../state/snapshot.ts'
import { withSourceLocation } from './check.ts'
import { againstOption, LIVE, requireNamespace, resolveSource, toClusterState } from './cluster-state.ts'
import { addReportOptions, allNamespacesOption, exitCode, loadConfig, type ReportOptions } from './command.ts'
import { FINDINGS, helpText } from './help.ts'
import type { Io } from './io.ts'
import { reportOutputOption } from './output.ts'
import { printReport } from './report-output.ts'

const EXAMPLES = [
  'mesh-guard audit',
  'mesh-guard audit -n user1 -o json',
  'mesh-guard audit --against examples/cluster'
]

interface AuditOptions extends ReportOptions {
  readonly against: string
}

export function auditCommand(io: Io): Command {
  const command = new Command('audit')
    .description('Report every finding in a cluster state; read-only')
    .addOption(againstOption)
    .addOption(allNamespacesOption)
  return addReportOptions(command, reportOutputOption)
    .addHelpText('after', helpText(EXAMPLES, FINDINGS))
    .action(async (options: AuditOptions) => {
      const config = loadConfig(options.config, options.rule)
      const manifests = options.against === LIVE ? [] : readFiles([options.against])
      const report = await audit(options, manifests, config, io)
      printReport(io, options, report, manifests)
      io.exit(exitCode(report, options.failOn))
    })
}

async function audit(
  { against, ...flags }: AuditOptions,
  manifests: readonly Manifest[],
  config: Config,
  io: Io
): Promise<Report> {
  const policy = policyAt(config, Date.now())
  const source = await resolveSource(against, flags)
  const { state } = against === LIVE ? await source.open(config, io) : toClusterState(manifests, config)
  requireNamespace(state, flags.namespace)
  const report = reportOf(state, manifests, policy)
  return flags.namespace === undefined ? report : filterByNamespace(report, flags.namespace, policy)
}

/**
 * Every finding in a state.
 *
 * @param manifests the files that the state was read from, if any
 */
export function reportOf(state: Snapshot, manifests: readonly Manifest[], policy: Policy): Report {
  const { decision, findings, notEvaluated, suppressed } = decideState(state, RULES, policy)
  const located = findings.map(withSourceLocation(manifests))
  return {
    decision,
    steps: [],
    findings: located,
    notEvaluated,
    skipped: suppressed,
    installation: toInstallation(state)
  }
}

/** Keeps the findings of one namespace, and all of `notEvaluated`, which may concern any namespace. */
function filterByNamespace(report: Report, namespace: string, policy: Policy): Report {
  const findings = report.findings.filter(finding => concernsNamespace(finding, namespace))
  return { ...report, decision: mostSevere(findings, report.notEvaluated, policy), findings }
}
