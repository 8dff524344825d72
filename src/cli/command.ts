import { type Command, Option } from 'commander'
import { readConfig } from '../config.ts'
import { type Config, MODES, RULE_IDS } from '../config-schema.ts'
import type { Report } from '../report/report.ts'
import type { Mode } from '../rules/lib/rule.ts'
import { InvalidInput } from '../sources/files.ts'
import { suggest } from '../sources/suggest.ts'
import { colorOption, type OutputOptions, showFixOption } from './output.ts'

/** `usage` is bad usage or invalid input; `failed` is an internal error, or a cluster that cannot be read. */
export const EXIT = { ok: 0, found: 1, usage: 2, failed: 3 } as const

export const configOption = new Option('--config <file>', 'configuration file; see `mesh-guard schema config`')

export const kubeconfigOption = new Option(
  '--kubeconfig <file>',
  'kubeconfig file (default: KUBECONFIG, then ~/.kube/config)'
)

export const contextOption = new Option('--context <name>', 'context of the kubeconfig (default: the current context)')

export const namespaceOption = new Option(
  '-n, --namespace <name>',
  'namespace for names given without one (default: namespace of the current context)'
)

export const allNamespacesOption = new Option(
  '-A, --all-namespaces',
  'all namespaces (the default without --namespace)'
).conflicts('namespace')

export const ruleOption = new Option(
  '--rule <id=mode>',
  'override the mode of a rule: deny, warn, audit or off; repeatable'
).argParser((value: string, previous: readonly string[] = []) => [...previous, value])

export const failOnOption = new Option('--fail-on <level>', 'exit with 1 if the decision is this or stricter')
  .choices(['deny', 'warn', 'never'])
  .default('deny')

/** Selects the cluster and the namespace. */
export interface ClusterFlags {
  readonly kubeconfig?: string
  readonly context?: string
  readonly namespace?: string
}

/** Options of the commands that print a report. */
export interface ReportOptions extends ClusterFlags, OutputOptions {
  readonly failOn: string
  readonly config?: string
  readonly rule?: readonly string[]
}

const REPORT_OPTIONS = [
  kubeconfigOption,
  contextOption,
  namespaceOption,
  colorOption,
  showFixOption,
  failOnOption,
  configOption,
  ruleOption
]

export function addReportOptions(command: Command, output: Option): Command {
  return [output, ...REPORT_OPTIONS].reduce((all, option) => all.addOption(option), command)
}

/**
 * The configuration with the modes of `--rule` applied.
 *
 * @throws {InvalidInput}
 */
export function loadConfig(file: string | undefined, overrides: readonly string[] = []): Config {
  return withModes(readConfig(file), overrides)
}

/** @throws {InvalidInput} */
export function withModes(config: Config, overrides: readonly string[] = []): Config {
  return { ...config, rules: { ...config.rules, ...Object.fromEntries(overrides.map(toOverride)) } }
}

function toOverride(text: string): readonly [string, Mode] {
  const [id = '', word] = text.split('=')
  const mode = MODES.find(one => one === word)
  if (!RULE_IDS.includes(id)) throw new InvalidInput([`--rule ${text}: unknown rule${suggest(id, RULE_IDS)}`])
  if (mode === undefined) throw new InvalidInput([`--rule ${text}: invalid mode; use one of ${MODES.join(', ')}`])
  return [id, mode]
}

/** The exit code for a report: 1 if its decision is at or above `failOn`. */
export function exitCode({ decision }: Pick<Report, 'decision'>, failOn: string): number {
  if (failOn === 'never' || decision === 'allow') return EXIT.ok
  return decision === 'deny' || failOn === 'warn' ? EXIT.found : EXIT.ok
}
