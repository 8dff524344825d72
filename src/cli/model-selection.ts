import type { Command } from 'commander'
import type { Config } from '../config-schema.ts'
import { modelKey } from '../engine/incremental/evaluate.ts'
import { InvalidInput } from '../sources/files.ts'
import { suggest } from '../sources/suggest.ts'
import type { Ref } from '../state/resource.ts'
import type { Snapshot } from '../state/snapshot.ts'
import { againstOption, qualifiedName, requireNamespace, resolveSource } from './cluster-state.ts'
import { allNamespacesOption, loadConfig, type ReportOptions } from './command.ts'
import type { Io } from './io.ts'

/** Options of the commands about one InferenceService, those of a namespace, or all. */
export interface SelectionOptions extends ReportOptions {
  readonly against: string
  readonly allNamespaces?: boolean
}

/** A cluster state, and which of its InferenceServices are selected. */
export interface ModelSelection {
  readonly config: Config
  readonly state: Snapshot
  readonly isSelected: (model: Pick<Ref, 'namespace' | 'name'>) => boolean
}

export function addModelSelection(command: Command): Command {
  return command
    .argument('[[namespace/]name]', 'InferenceService (default: all, or all in --namespace)')
    .addOption(againstOption)
    .addOption(allNamespacesOption)
}

/**
 * @param written name of an InferenceService
 * @throws {InvalidInput} if it does not exist, or the options contradict each other
 */
export async function selectModels(
  written: string | undefined,
  options: SelectionOptions,
  io: Io
): Promise<ModelSelection> {
  const { namespace } = options
  if (written !== undefined && options.allNamespaces) {
    throw new InvalidInput([`--all-namespaces: ${written} selects one InferenceService; omit one of the two`])
  }
  const config = loadConfig(options.config, options.rule)
  const source = await resolveSource(options.against, options)
  const name = written === undefined ? undefined : qualifiedName(written, source, namespace)
  const { state } = await source.open(config, io)
  requireNamespace(state, namespace)
  const names = state.list('InferenceService').map(modelKey)
  if (name !== undefined && !names.includes(name) && !state.unreadable.has('InferenceService')) {
    throw new InvalidInput([`InferenceService ${name}: not found${suggest(name, names)}`])
  }
  const isSelected = (one: Pick<Ref, 'namespace' | 'name'>) =>
    name === undefined ? namespace === undefined || one.namespace === namespace : modelKey(one) === name
  return { config, state, isSelected }
}
