import { type Command, Option } from 'commander'
import type { Config } from '../config-schema.ts'
import type { AdmissionDecision } from '../engine/decide.ts'
import { policyAt } from '../engine/to-findings.ts'
import { RULES } from '../rules/index.ts'
import { describeSkipped, InvalidInput, readFiles } from '../sources/files.ts'
import { readResource } from '../sources/manifest.ts'
import type { Manifest } from '../sources/yaml.ts'
import { againstOption, type ClusterState, resolveSource } from './cluster-state.ts'
import {
  type ClusterFlags,
  configOption,
  contextOption,
  EXIT,
  failOnOption,
  kubeconfigOption,
  loadConfig,
  namespaceOption,
  ruleOption
} from './command.ts'
import type { Io } from './io.ts'
import { colorOption, manifestsOutputOption, type OutputOptions } from './output.ts'

/** Options of the commands that read changes; `check` has those of a report besides. */
export interface PathOptions {
  readonly against: string
  readonly filename?: readonly string[]
}

/** Options of the commands that rewrite changes. */
export interface ChangeOptions extends ClusterFlags, OutputOptions, PathOptions {
  readonly failOn: string
  readonly config?: string
  readonly rule?: readonly string[]
}

/** Further paths, as in kubectl. */
const filenameOption = new Option('-f, --filename <path>', 'same as PATH; repeatable').argParser(
  (value: string, previous: readonly string[] = []) => [...previous, value]
)

const recursiveOption = new Option('-R, --recursive', 'accepted as in kubectl: directories are always read recursively')

/** Paths of changes, as arguments and as options of kubectl. */
export function addPaths(command: Command): Command {
  return command
    .argument('[path...]', 'manifest files or directories, applied in this order; - reads standard input')
    .addOption(filenameOption)
    .addOption(recursiveOption)
    .addOption(againstOption)
}

/** Options of `plan` and `fix`. */
export function addChangeOptions(command: Command, namespace = namespaceOption): Command {
  const cluster = [kubeconfigOption, contextOption, namespace]
  const all = [...cluster, manifestsOutputOption, colorOption, failOnOption, configOption, ruleOption]
  return all.reduce((before, option) => before.addOption(option), command)
}

/** All paths of a command line. */
export const pathsOf = (paths: readonly string[], { filename = [] }: PathOptions): readonly string[] => [
  ...paths,
  ...filename
]

/** @throws {InvalidInput} if there is no path */
export function requirePaths(paths: readonly string[], alternative = ''): void {
  if (paths.length > 0) return
  const last = alternative === '' ? 'or - for standard input' : `- for standard input, or ${alternative}`
  throw new InvalidInput([`PATH: missing argument; use a file, a directory, ${last}`])
}

/** Changes, and the state that they are applied to. */
interface ReadChanges {
  readonly config: Config
  readonly manifests: readonly Manifest[]
  readonly start: ClusterState
}

/** Reads changes and the cluster state, and lists on stderr what is not evaluated. */
export async function readChanges(
  paths: readonly string[],
  options: ClusterFlags & PathOptions & { readonly config?: string; readonly rule?: readonly string[] },
  io: Io
): Promise<ReadChanges> {
  const config = loadConfig(options.config, options.rule)
  const source = await resolveSource(options.against, options)
  const manifests = readFiles(paths, source.namespace)
  const skipped = describeSkipped(manifests)
  if (skipped !== undefined) io.err(skipped)
  return { config, manifests, start: await source.open(config, io) }
}

/** What plans and fixes are made with. */
export const contextOf = (config: Config) => ({
  rules: RULES,
  policy: policyAt(config, Date.now()),
  read: readResource,
  cache: {}
})

/** The exit code for changes: 1 if one stays denied, or with `--fail-on warn` if one has a warning. */
export function changesExitCode(
  isDenied: boolean,
  decisions: readonly (AdmissionDecision | undefined)[],
  failOn: string
): number {
  if (failOn === 'never') return EXIT.ok
  return isDenied || (failOn === 'warn' && decisions.includes('warn')) ? EXIT.found : EXIT.ok
}
