import { Command, Option } from 'commander'
import { RULE_IDS } from '../config-schema.ts'
import { table } from '../report/table.ts'
import { RULES } from '../rules/index.ts'
import { findBySymptom } from '../rules/lib/symptom-search.ts'
import { InvalidInput } from '../sources/files.ts'
import { suggest } from '../sources/suggest.ts'
import { helpText, SUCCESS } from './help.ts'
import type { Io } from './io.ts'

export function rulesCommand(io: Io): Command {
  return new Command('rules')
    .description('List all rules, or print the page of one')
    .argument('[id]', 'rule id')
    .addOption(new Option('--symptom <text>', 'list the rules for an error message or an access log line'))
    .addHelpText('after', helpText(EXAMPLES, SUCCESS))
    .action((id: string | undefined, { symptom }: { readonly symptom?: string }) => {
      if (id !== undefined && symptom !== undefined)
        throw new InvalidInput([`--symptom: ${id} selects one rule; omit one of the two`])
      io.out(symptom === undefined ? (id === undefined ? list() : page(id, io)) : listBySymptom(symptom))
    })
}

const EXAMPLES = [
  'mesh-guard rules',
  'mesh-guard rules strict-mesh-plain-local-gateway',
  "mesh-guard rules --symptom '503 UF WRONG_VERSION_NUMBER'"
]

const ALL = [...Object.values(RULES.failures), ...RULES.checks].sort((a, b) => (a.id < b.id ? -1 : 1))

function list(): string {
  return table(ALL.map(({ id, mode, category, summary }) => [id, mode, category, summary])).join('\n')
}

function listBySymptom(text: string): string {
  const found = findBySymptom(ALL, text)
  if (found.length === 0) return 'no rule has such a symptom'
  return found.map(({ id, symptom, summary }) => `${id}: ${summary}\n  symptom: ${symptom}`).join('\n')
}

function page(id: string, { readPage }: Io): string {
  if (!RULE_IDS.includes(id)) throw new InvalidInput([`${id}: unknown rule${suggest(id, RULE_IDS)}`])
  return readPage(id).trimEnd()
}
