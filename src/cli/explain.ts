import { Command } from 'commander'
import { modelKey } from '../engine/evaluate.ts'
import { explain } from '../engine/explain.ts'
import { policyAt } from '../engine/to-findings.ts'
import type { InferenceService } from '../model/inference-service.ts'
import { toExplanation } from '../report/explanation.ts'
import { toExplanationText } from '../report/explanation-text.ts'
import { RULES } from '../rules/index.ts'
import { InvalidInput } from '../sources/files.ts'
import { suggest } from '../sources/suggest.ts'
import { addReportOptions, exitCode, type Io, loadConfig, type ReportOptions } from './command.ts'
import { againstOption, findPlace, qualify, requireNamespace } from './world.ts'

interface ExplainOptions extends ReportOptions {
  readonly against: string
}

export function explainCommand(io: Io): Command {
  const command = new Command('explain')
    .description('every way to a model, hop by hop: what is sent, what is taken, and who says so')
    .argument('[[namespace/]name]', 'the InferenceService; without it, all, or with --namespace those that lie there')
    .addOption(againstOption)
  return addReportOptions(command)
    .addHelpText('after', '\nExample:\n  mesh-guard explain user1/sklearn-iris --against examples/cluster')
    .action(async (written: string | undefined, options: ExplainOptions) => {
      const { namespace } = options
      const config = loadConfig(options.config, options.rule)
      const place = await findPlace(options.against, options)
      const name = written === undefined ? undefined : qualify(written, place, namespace)
      const { state } = await place.open(config, io)
      requireNamespace(state, namespace)
      const names = state.list('InferenceService').map(modelKey)
      if (name !== undefined && !names.includes(name) && !state.unreadable.has('InferenceService')) {
        throw new InvalidInput([`there is no InferenceService ${name}${suggest(name, names)}`])
      }
      const isWanted = (one: InferenceService) =>
        name === undefined ? namespace === undefined || one.namespace === namespace : modelKey(one) === name
      const explained = explain(state, isWanted, RULES, policyAt(config, Date.now()))
      const explanation = toExplanation(state, explained)
      io.out(options.format === 'json' ? JSON.stringify(explanation, undefined, 2) : toExplanationText(explanation))
      io.exit(exitCode(explained, options.failOn))
    })
}
