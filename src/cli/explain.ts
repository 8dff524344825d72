import { Command } from 'commander'
import { explain } from '../engine/explain.ts'
import { modelKey } from '../engine/incremental/evaluate.ts'
import { policyAt } from '../engine/to-findings.ts'
import { toExplanation } from '../report/explanation.ts'
import { toExplanationText } from '../report/explanation-text.ts'
import { RULES } from '../rules/index.ts'
import { InvalidInput } from '../sources/files.ts'
import { suggest } from '../sources/suggest.ts'
import type { Ref } from '../state/resource.ts'
import { againstOption, qualifiedName, requireNamespace, resolveSource } from './cluster-state.ts'
import { addReportOptions, allNamespacesOption, exitCode, loadConfig, type ReportOptions } from './command.ts'
import { FINDINGS, helpText } from './help.ts'
import type { Io } from './io.ts'
import { print } from './output.ts'

const EXAMPLES = [
  'mesh-guard explain',
  'mesh-guard explain sklearn-iris -n user1',
  'mesh-guard explain user1/sklearn-iris --against examples/cluster'
]

interface ExplainOptions extends ReportOptions {
  readonly against: string
  readonly allNamespaces?: boolean
}

export function explainCommand(io: Io): Command {
  const command = new Command('explain')
    .description(
      'Show every request path to an InferenceService: TLS sent and accepted at each hop, authorization, and the object that configures it'
    )
    .argument('[[namespace/]name]', 'InferenceService (default: all, or all in --namespace)')
    .addOption(againstOption)
    .addOption(allNamespacesOption)
  return addReportOptions(command)
    .addHelpText('after', helpText(EXAMPLES, FINDINGS))
    .action(async (written: string | undefined, options: ExplainOptions) => {
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
      const explained = explain(state, isSelected, RULES, policyAt(config, Date.now()))
      const explanation = toExplanation(state, explained)
      print(io, options, explanation, toExplanationText)
      io.exit(exitCode(explained, options.failOn))
    })
}
