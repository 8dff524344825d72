import { Command } from 'commander'
import type { Config } from '../config.ts'
import { policyAt } from '../engine/findings.ts'
import { judgeState } from '../engine/judge.ts'
import { toJson } from '../report/json.ts'
import type { Report } from '../report/report.ts'
import { toText } from '../report/text.ts'
import { RULES } from '../rules/index.ts'
import { readFiles } from '../sources/files.ts'
import { checkState } from './check.ts'
import {
  configOption,
  contextOption,
  exitCode,
  failOnOption,
  formatOption,
  type Io,
  kubeconfigOption,
  loadConfig,
  ruleOption
} from './command.ts'
import { againstOption, LIVE, openWorld, type Where } from './world.ts'

interface AuditOptions extends Where {
  readonly against: string
  readonly format: string
  readonly failOn: string
  readonly config?: string
  readonly rule?: readonly string[]
}

export function auditCommand(io: Io): Command {
  return new Command('audit')
    .description('all that is wrong with a cluster, once; writes nothing')
    .addOption(againstOption)
    .addOption(kubeconfigOption)
    .addOption(contextOption)
    .addOption(formatOption)
    .addOption(failOnOption)
    .addOption(configOption)
    .addOption(ruleOption)
    .addHelpText('after', '\nExample:\n  mesh-guard audit --against examples/cluster')
    .action(async (options: AuditOptions) => {
      const config = loadConfig(options.config, options.rule)
      const report = await audit(options, config, io)
      io.out(options.format === 'json' ? toJson(report) : toText(report))
      io.exit(exitCode(report, options.failOn))
    })
}

async function audit({ against, ...where }: AuditOptions, config: Config, io: Io): Promise<Report> {
  if (against !== LIVE) return checkState(readFiles([against]), config)
  const { state } = await openWorld(LIVE, where, config, io)
  const { decision, findings, skipped } = judgeState(state, RULES, policyAt(config, Date.now()))
  // What comes from a cluster stands in no file.
  return { decision, steps: [], findings: findings.map(finding => ({ ...finding, source: undefined })), skipped }
}
