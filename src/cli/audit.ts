import { Command } from 'commander'
import type { Config } from '../config.ts'
import { mostSevere } from '../engine/decide.ts'
import { concernsNamespace } from '../engine/finding.ts'
import { type Policy, policyAt } from '../engine/to-findings.ts'
import { toJson } from '../report/json.ts'
import type { Report } from '../report/report.ts'
import { toText } from '../report/text.ts'
import { readFiles } from '../sources/files.ts'
import { reportOf } from './check.ts'
import { addReportOptions, exitCode, type Io, loadConfig, type ReportOptions } from './command.ts'
import { againstOption, findPlace, LIVE, requireNamespace, toWorld } from './world.ts'

interface AuditOptions extends ReportOptions {
  readonly against: string
}

export function auditCommand(io: Io): Command {
  const command = new Command('audit')
    .description('all that is wrong with a cluster, once; writes nothing')
    .addOption(againstOption)
  return addReportOptions(command)
    .addHelpText('after', '\nExample:\n  mesh-guard audit --against examples/cluster')
    .action(async (options: AuditOptions) => {
      const config = loadConfig(options.config, options.rule)
      const report = await audit(options, config, io)
      io.out(options.format === 'json' ? toJson(report) : toText(report))
      io.exit(exitCode(report, options.failOn))
    })
}

async function audit({ against, ...where }: AuditOptions, config: Config, io: Io): Promise<Report> {
  const policy = policyAt(config, Date.now())
  const place = await findPlace(against, where)
  const manifests = against === LIVE ? [] : readFiles([against])
  const { state } = against === LIVE ? await place.open(config, io) : toWorld(manifests, config)
  requireNamespace(state, where.namespace)
  const report = reportOf(state, manifests, policy)
  return where.namespace === undefined ? report : within(report, where.namespace, policy)
}

/** What concerns one namespace. What could not be judged may concern any. */
function within(report: Report, namespace: string, policy: Policy): Report {
  const findings = report.findings.filter(finding => concernsNamespace(finding, namespace))
  return { ...report, decision: mostSevere(findings, report.skipped, policy), findings }
}
