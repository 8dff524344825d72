import { Command } from 'commander'
import { access } from '../engine/access.ts'
import { policyAt } from '../engine/to-findings.ts'
import { toAccess } from '../report/access.ts'
import { toAccessText } from '../report/access-text.ts'
import { toAccessWide } from '../report/access-wide.ts'
import { RULES } from '../rules/index.ts'
import { addReportOptions, exitCode } from './command.ts'
import { FINDINGS, helpText } from './help.ts'
import type { Io } from './io.ts'
import { addModelSelection, type SelectionOptions, selectModels } from './model-selection.ts'
import { print, wideOutputOption } from './output.ts'

const EXAMPLES = [
  'mesh-guard access',
  'mesh-guard access sklearn-iris -n user1 -o wide',
  'mesh-guard access user1/sklearn-iris --against examples/four-outcomes'
]

export function accessCommand(io: Io): Command {
  const command = new Command('access').description(
    'Show which running workloads can call an InferenceService, by which address and identity, and why others cannot'
  )
  return addReportOptions(addModelSelection(command), wideOutputOption)
    .addHelpText('after', helpText(EXAMPLES, FINDINGS))
    .action(async (written: string | undefined, options: SelectionOptions) => {
      const { config, state, isSelected } = await selectModels(written, options, io)
      const evaluated = access(state, isSelected, RULES, policyAt(config, Date.now()))
      if (options.output === 'wide')
        print(io, { ...options, output: 'text' }, evaluated, (all, showFix) => toAccessWide(state, all, showFix))
      else print(io, options, toAccess(state, evaluated), toAccessText)
      io.exit(exitCode(evaluated, options.failOn))
    })
}
