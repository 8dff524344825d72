import { Command } from 'commander'
import { access } from '../engine/access.ts'
import { policyAt } from '../engine/to-findings.ts'
import { type AccessView, toAccess } from '../report/access.ts'
import { assertionsSchema, violationsOf } from '../report/access-assertions.ts'
import { toAccessMatrix } from '../report/access-matrix.ts'
import { toAccessText } from '../report/access-text.ts'
import { toAccessWide } from '../report/access-wide.ts'
import { toAccessHtml } from '../report/html/access-html.ts'
import { toAccessMermaid } from '../report/mermaid.ts'
import { plural } from '../report/text.ts'
import { RULES } from '../rules/index.ts'
import { parseChecked } from '../sources/checked-yaml.ts'
import { readText } from '../sources/files.ts'
import { addReportOptions, EXIT, exitCode } from './command.ts'
import { FINDINGS, helpText } from './help.ts'
import type { Io } from './io.ts'
import { addModelSelection, type SelectionOptions, selectModels } from './model-selection.ts'
import { pathOutputOption, print } from './output.ts'

interface AccessOptions extends SelectionOptions {
  readonly assert?: string
}

const EXAMPLES = [
  'mesh-guard access',
  'mesh-guard access sklearn-iris -n user1 -o wide',
  'mesh-guard access user1/sklearn-iris --against examples/four-outcomes',
  'mesh-guard access --assert examples/access.yaml --against examples/four-outcomes'
]

export function accessCommand(io: Io): Command {
  const command = new Command('access').description(
    'Show which running workloads can call an InferenceService, by which address and identity, and why others cannot; without a name, a matrix of all if it fits'
  )
  return addReportOptions(addModelSelection(command), pathOutputOption)
    .option(
      '--assert <file>',
      'check which workloads can call which InferenceServices; see `mesh-guard schema assertions`'
    )
    .addHelpText('after', helpText(EXAMPLES, FINDINGS))
    .action(async (written: string | undefined, options: AccessOptions) => {
      const { assert: file } = options
      const assertions = file === undefined ? undefined : parseChecked(assertionsSchema, readText(file), file)
      const { config, state, isSelected } = await selectModels(written, options, io)
      const evaluated = access(state, isSelected, RULES, policyAt(config, Date.now()))
      const isWide = options.output === 'wide'
      const isText = isWide || (assertions !== undefined && ['mermaid', 'html'].includes(options.output))
      const format = isText ? { ...options, output: 'text' } : options
      if (assertions !== undefined) {
        const violations = violationsOf(toAccess(state, evaluated), assertions)
        print(io, format, { violations }, toViolationsText)
        io.exit(violations.length > 0 ? EXIT.found : EXIT.ok)
        return
      }
      if (options.output === 'mermaid') io.out(toAccessMermaid(toAccess(state, evaluated)))
      else if (options.output === 'html') io.out(toAccessHtml(state, evaluated))
      else if (isWide) print(io, format, evaluated, (all, showFix) => toAccessWide(state, all, showFix))
      else print(io, format, toAccess(state, evaluated), textOf(written === undefined))
      io.exit(exitCode(evaluated, options.failOn))
    })
}

/** Width of text that goes to files and pipes. */
const DEFAULT_COLUMNS = 120

/** A matrix of all models if it fits, else a list. */
const textOf = (isOverview: boolean) => (access: AccessView, _: boolean, columns: number) => {
  const width = Number.isFinite(columns) ? columns : DEFAULT_COLUMNS
  return (isOverview ? toAccessMatrix(access, width) : undefined) ?? toAccessText(access)
}

const toViolationsText = ({ violations }: { readonly violations: readonly string[] }) =>
  [...violations, violations.length === 0 ? 'all assertions hold' : plural(violations.length, 'violation')].join('\n')
