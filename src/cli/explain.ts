import { Command } from 'commander'
import { explain } from '../engine/explain.ts'
import { policyAt } from '../engine/findings.ts'
import { toExplanation } from '../report/explanation.ts'
import { toExplanationText } from '../report/explanation-text.ts'
import { RULES } from '../rules/index.ts'
import { InvalidInput } from '../sources/files.ts'
import { suggest } from '../sources/suggest.ts'
import {
  configOption,
  contextOption,
  exitCode,
  failOnOption,
  formatOption,
  type Io,
  kubeconfigOption,
  loadConfig,
  ruleOption
} from './command.ts'
import { againstOption, openWorld, type Where } from './world.ts'

interface ExplainOptions extends Where {
  readonly against: string
  readonly format: string
  readonly failOn: string
  readonly config?: string
  readonly rule?: readonly string[]
}

export function explainCommand(io: Io): Command {
  return new Command('explain')
    .description('every way to a model, hop by hop: what is sent, what is taken, and who says so')
    .argument('[namespace/name]', 'the InferenceService; without it, all')
    .addOption(againstOption)
    .addOption(kubeconfigOption)
    .addOption(contextOption)
    .addOption(formatOption)
    .addOption(failOnOption)
    .addOption(configOption)
    .addOption(ruleOption)
    .addHelpText('after', '\nExample:\n  mesh-guard explain user1/sklearn-iris --against examples/cluster')
    .action(async (name: string | undefined, options: ExplainOptions) => {
      const config = loadConfig(options.config, options.rule)
      const { state } = await openWorld(options.against, options, config, io)
      const names = state.list('InferenceService').map(one => `${one.namespace}/${one.name}`)
      if (name !== undefined && !names.includes(name) && !state.unreadable.has('InferenceService')) {
        throw new InvalidInput([`there is no InferenceService ${name}${suggest(name, names)}`])
      }
      const explained = explain(state, name, RULES, policyAt(config, Date.now()))
      const explanation = toExplanation(state, explained)
      io.out(options.format === 'json' ? JSON.stringify(explanation, undefined, 2) : toExplanationText(explanation))
      io.exit(exitCode(explained, options.failOn))
    })
}
