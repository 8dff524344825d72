import { Command, Option } from 'commander'
import { explain } from '../engine/explain.ts'
import { modelKey } from '../engine/incremental/evaluate.ts'
import { diffStates } from '../engine/state-diff.ts'
import { DEFAULT_POLICY } from '../engine/to-findings.ts'
import { type DiffView, toDiff, toDiffMarkdown, toDiffText } from '../report/diff.ts'
import { toExplanation } from '../report/explanation.ts'
import { type ComparedState, toDiffHtml } from '../report/html/diff-html.ts'
import { RULES } from '../rules/index.ts'
import type { Snapshot } from '../state/snapshot.ts'
import { LIVE, resolveSource } from './cluster-state.ts'
import { type ClusterFlags, configOption, contextOption, EXIT, kubeconfigOption, loadConfig } from './command.ts'
import { helpText } from './help.ts'
import type { Io } from './io.ts'
import { colorOption, diffOutputOption, type OutputOptions, print } from './output.ts'

const EXAMPLES = [
  'mesh-guard diff live overlays/prod',
  'mesh-guard diff base/ head/ -o markdown',
  'mesh-guard diff examples/cluster examples/four-outcomes',
  'mesh-guard diff live overlays/prod -o html > diff.html'
]
const OUTCOMES = {
  ok: 'no request path closes',
  found: 'a request path closes',
  failed: 'internal error, or the cluster cannot be read'
}

/** The request paths of the InferenceServices that differ. */
function toCompared(name: string, state: Snapshot, { closes, opens, identities }: DiffView): ComparedState {
  const names = new Set([...closes, ...opens, ...identities].flatMap(one => one.inferenceServices))
  const explained = explain(state, one => names.has(modelKey(one)), RULES, DEFAULT_POLICY)
  return { name, explanation: toExplanation(state, explained) }
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
    .addOption(diffOutputOption)
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
      const [before, after] = [await open(a), await open(b)]
      const diff = toDiff(diffStates(before, after, RULES))
      if (options.output === 'markdown') io.out(toDiffMarkdown(diff))
      else if (options.output === 'html')
        io.out(toDiffHtml(diff, toCompared(a, before, diff), toCompared(b, after, diff)))
      else print(io, options, diff, (all, _, columns) => toDiffText(all, columns))
      io.exit(diff.closes.length > 0 && options.failOn === 'close' ? EXIT.found : EXIT.ok)
    })
}
