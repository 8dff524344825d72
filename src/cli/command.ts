import { type Command, Option } from 'commander'
import { type Config, MODES, RULE_IDS, readConfig } from '../config.ts'
import type { Report } from '../report/report.ts'
import type { Mode } from '../rules/lib/rule.ts'
import { InvalidInput } from '../sources/files.ts'
import { suggest } from '../sources/suggest.ts'
import { colorOption, type OutputOptions, outputOption } from './output.ts'

/** What a command needs of its surroundings, so that tests can give it others. */
export interface Io {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  /** True if `out` writes to a terminal. */
  readonly isTerminal: boolean
  /** The folder of the rules' pages, which the bundle has elsewhere than the sources. */
  readonly pages: URL
  /** The entry of the evaluation thread, which the bundle has elsewhere too. */
  readonly worker: URL
  /** Sets the exit code; the process ends when it has nothing left to do. */
  readonly exit: (code: number) => void
}

/** @see the table in docs; 2 is for input that cannot be used, 3 for our own failure */
export const EXIT = { ok: 0, found: 1, usage: 2, failed: 3 } as const

export const configOption = new Option('--config <file>', 'configuration; see `mesh-guard schema config`')

export const kubeconfigOption = new Option('--kubeconfig <file>', 'the cluster; default: as kubectl finds it')

export const contextOption = new Option('--context <name>', 'of the kubeconfig; default: its current one')

export const namespaceOption = new Option(
  '-n, --namespace <name>',
  "of what is named without one; default: the context's, or `default`"
)

export const allNamespacesOption = new Option('-A, --all-namespaces', 'all namespaces; the default').conflicts(
  'namespace'
)

export const ruleOption = new Option(
  '--rule <id=mode>',
  'another mode for a rule: deny, warn, audit or off; repeatable'
).argParser((value: string, previous: readonly string[] = []) => [...previous, value])

export const failOnOption = new Option('--fail-on <level>', 'exit with 1 for findings of this level or above')
  .choices(['deny', 'warn', 'never'])
  .default('deny')

/** Which cluster is meant, where it is one, and which namespace. */
export interface Where {
  readonly kubeconfig?: string
  readonly context?: string
  readonly namespace?: string
}

/** How a report of a state is asked for. */
export interface ReportOptions extends Where, OutputOptions {
  readonly failOn: string
  readonly config?: string
  readonly rule?: readonly string[]
}

const REPORT_OPTIONS = [
  kubeconfigOption,
  contextOption,
  namespaceOption,
  outputOption,
  colorOption,
  failOnOption,
  configOption,
  ruleOption
]

export function addReportOptions(command: Command): Command {
  return REPORT_OPTIONS.reduce((all, option) => all.addOption(option), command)
}

/**
 * The configuration, with the modes of `--rule` put on top.
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

/** The exit code for a report: 1 when a step or finding is as bad as `failOn` or worse. */
export function exitCode({ decision }: Pick<Report, 'decision'>, failOn: string): number {
  if (failOn === 'never' || decision === 'allow') return EXIT.ok
  return decision === 'deny' || failOn === 'warn' ? EXIT.found : EXIT.ok
}
