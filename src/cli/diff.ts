import { Command, Option } from 'commander'
import { diffStates } from '../engine/state-diff.ts'
import { toDiff, toDiffMarkdown, toDiffText } from '../report/diff.ts'
import { RULES } from '../rules/index.ts'
import { LIVE, resolveSource } from './cluster-state.ts'
import { type ClusterFlags, configOption, contextOption, EXIT, kubeconfigOption, loadConfig } from './command.ts'
import { helpText } from './help.ts'
import type { Io } from './io.ts'
import { colorOption, markdownOutputOption, type OutputOptions, print } from './output.ts'

const EXAMPLES = [
  'mesh-guard diff live overlays/prod',
  'mesh-guard diff base/ head/ -o markdown',
  'mesh-guard diff examples/cluster examples/four-outcomes'
]
const OUTCOMES = {
  ok: 'no request path closes',
  found: 'a request path closes',
  failed: 'internal error, or the cluster cannot be read'
}

interface DiffOptions extends ClusterFlags, OutputOptions {
  readonly config?: string
  readonly failOn: 'close' | 'never'
}

export function diffCommand(io: Io): Command {
  const state = 'a manifest file or directory, or "live" for the current cluster'
  return new Command('diff')
    .description('Show which request paths close, open or change identity between two cluster states')
    .argument('<a>', `first state: ${state}`)
    .argument('<b>', `second state: ${state}`)
    .addOption(kubeconfigOption)
    .addOption(contextOption)
    .addOption(markdownOutputOption)
    .addOption(colorOption)
    .addOption(configOption)
    .addOption(
      new Option('--fail-on <level>', 'exit with 1 if a path closes').choices(['close', 'never']).default('close')
    )
    .addHelpText('after', helpText(EXAMPLES, OUTCOMES))
    .action(async (a: string, b: string, options: DiffOptions) => {
      const config = loadConfig(options.config)
      const open = async (against: string) => {
        const source = await resolveSource(against, against === LIVE ? options : {})
        return (await source.open(config, io)).state
      }
      const diff = toDiff(diffStates(await open(a), await open(b), RULES))
      if (options.output === 'markdown') io.out(toDiffMarkdown(diff))
      else print(io, options, diff, (all, _, columns) => toDiffText(all, columns))
      io.exit(diff.closes.length > 0 && options.failOn === 'close' ? EXIT.found : EXIT.ok)
    })
}
