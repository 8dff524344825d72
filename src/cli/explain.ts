import { Command } from 'commander'
import { explain } from '../engine/explain.ts'
import { policyAt } from '../engine/to-findings.ts'
import { toExplanation } from '../report/explanation.ts'
import { toExplanationText } from '../report/explanation-text.ts'
import { RULES } from '../rules/index.ts'
import { addReportOptions, exitCode } from './command.ts'
import { FINDINGS, helpText } from './help.ts'
import type { Io } from './io.ts'
import { addModelSelection, type SelectionOptions, selectModels } from './model-selection.ts'
import { print } from './output.ts'

const EXAMPLES = [
  'mesh-guard explain',
  'mesh-guard explain sklearn-iris -n user1',
  'mesh-guard explain user1/sklearn-iris --against examples/cluster'
]

export function explainCommand(io: Io): Command {
  const command = new Command('explain').description(
    'Show every request path to an InferenceService: TLS sent and accepted at each hop, authorization, and the object that configures it'
  )
  return addReportOptions(addModelSelection(command))
    .addHelpText('after', helpText(EXAMPLES, FINDINGS))
    .action(async (written: string | undefined, options: SelectionOptions) => {
      const { config, state, isSelected } = await selectModels(written, options, io)
      const explained = explain(state, isSelected, RULES, policyAt(config, Date.now()))
      const explanation = toExplanation(state, explained)
      print(io, options, explanation, toExplanationText)
      io.exit(exitCode(explained, options.failOn))
    })
}
