import { Command, Option } from 'commander'
import { RULE_IDS } from '../config-schema.ts'
import { SEVERITIES } from '../engine/finding.ts'
import { table } from '../report/table.ts'
import { RULES } from '../rules/index.ts'
import type { CheckRule } from '../rules/lib/rule.ts'
import { findBySymptom } from '../rules/lib/symptom-search.ts'
import { InvalidInput } from '../sources/files.ts'
import { suggest } from '../sources/suggest.ts'
import { helpText, SUCCESS } from './help.ts'
import type { Io } from './io.ts'
import { outputOption, print } from './output.ts'

export function rulesCommand(io: Io): Command {
  return new Command('rules')
    .description('List all rules, or print the page of one')
    .argument('[id]', 'rule id')
    .addOption(new Option('--symptom <text>', 'list the rules for an error message or an access log line'))
    .addOption(outputOption)
    .addHelpText('after', helpText(EXAMPLES, SUCCESS))
    .action((id: string | undefined, { symptom, output }: RulesOptions) => {
      if (id !== undefined && symptom !== undefined)
        throw new InvalidInput([`--symptom: ${id} selects one rule; omit one of the two`])
      if (id !== undefined) print(io, { output }, toPage(id, io), ({ page }) => page)
      else if (symptom === undefined) print(io, { output }, toList(ALL), (all, _, columns) => list(all, columns))
      else print(io, { output }, toList(findBySymptom(ALL, symptom)), listBySymptom)
    })
}

interface RulesOptions {
  readonly symptom?: string
  readonly output: string
}

const EXAMPLES = [
  'mesh-guard rules',
  'mesh-guard rules strict-mesh-plain-local-gateway',
  "mesh-guard rules --symptom '503 UF WRONG_VERSION_NUMBER'",
  'mesh-guard rules -o json'
]

type Described = Pick<CheckRule, 'id' | 'mode' | 'category' | 'summary' | 'symptom'>

const ALL: readonly Described[] = [...Object.values(RULES.failures), ...RULES.checks].sort((a, b) =>
  a.id < b.id ? -1 : 1
)

const API = { apiVersion: 'mesh-guard.io/v1' } as const

/** What programs read about a rule. */
const toView = ({ id, mode, category, summary, symptom }: Described) => ({
  id,
  mode,
  category,
  severity: SEVERITIES[category],
  summary,
  symptom
})

const toList = (rules: readonly Described[]) => ({ ...API, kind: 'RuleList', rules: rules.map(toView) })
type RuleList = ReturnType<typeof toList>

function list({ rules }: RuleList, columns: number): string {
  return table(
    rules.map(({ id, mode, category, summary }) => [id, mode, category, summary]),
    columns
  ).join('\n')
}

function listBySymptom({ rules }: RuleList): string {
  if (rules.length === 0) return 'no rule has such a symptom'
  return rules.map(({ id, symptom, summary }) => `${id}: ${summary}\n  symptom: ${symptom}`).join('\n')
}

function toPage(id: string, { readPage }: Io) {
  const rule = ALL.find(one => one.id === id)
  if (rule === undefined) throw new InvalidInput([`${id}: unknown rule${suggest(id, RULE_IDS)}`])
  return { ...API, kind: 'Rule', ...toView(rule), page: readPage(id).trimEnd() }
}
