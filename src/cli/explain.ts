import { Command } from 'commander'
import { explain } from '../engine/explain.ts'
import { policyAt } from '../engine/to-findings.ts'
import { toExplanation } from '../report/explanation.ts'
import { toExplanationText } from '../report/explanation-text.ts'
import { toExplanationHtml } from '../report/html/explanation-html.ts'
import { toExplanationMermaid } from '../report/mermaid.ts'
import { RULES } from '../rules/index.ts'
import { readResource } from '../sources/manifest.ts'
import { addReportOptions, exitCode } from './command.ts'
import { FINDINGS, helpText } from './help.ts'
import type { Io } from './io.ts'
import { addModelSelection, type SelectionOptions, selectModels } from './model-selection.ts'
import { pathOutputOption, print } from './output.ts'

const EXAMPLES = [
  'mesh-guard explain',
  'mesh-guard explain sklearn-iris -n user1 -o wide',
  'mesh-guard explain user1/sklearn-iris --show-fix --against examples/cluster',
  'mesh-guard explain -o html > paths.html'
]

export function explainCommand(io: Io): Command {
  const command = new Command('explain').description(
    'Show which callers reach an InferenceService by which path, and what blocks the others; without a name, an overview of all'
  )
  return addReportOptions(addModelSelection(command), pathOutputOption)
    .addHelpText('after', helpText(EXAMPLES, FINDINGS))
    .action(async (written: string | undefined, options: SelectionOptions) => {
      const { config, state, isSelected } = await selectModels(written, options, io)
      const explained = explain(state, isSelected, RULES, policyAt(config, Date.now()), readResource)
      const explanation = toExplanation(state, explained)
      const isWide = options.output === 'wide'
      const detail = isWide ? 'hops' : written === undefined ? 'overview' : 'paths'
      if (options.output === 'mermaid') io.out(toExplanationMermaid(explanation))
      else if (options.output === 'html') io.out(toExplanationHtml(explanation))
      else
        print(io, isWide ? { ...options, output: 'text' } : options, explanation, (all, showFix, columns) =>
          toExplanationText(all, detail, showFix, columns)
        )
      io.exit(exitCode(explained, options.failOn))
    })
}
