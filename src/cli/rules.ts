import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { RULE_IDS } from '../config-schema.ts'
import { RULES } from '../rules/index.ts'
import { InvalidInput } from '../sources/files.ts'
import { suggest } from '../sources/suggest.ts'
import { helpText, SUCCESS } from './help.ts'
import type { Io } from './io.ts'

export function rulesCommand(io: Io): Command {
  return new Command('rules')
    .description('List all rules, or print the page of one')
    .argument('[id]', 'rule id')
    .addHelpText('after', helpText(['mesh-guard rules', 'mesh-guard rules strict-mesh-plain-local-gateway'], SUCCESS))
    .action((id: string | undefined) => io.out(id === undefined ? table() : page(id, io.pages)))
}

function table(): string {
  const rules = [...Object.values(RULES.failures), ...RULES.checks].sort((a, b) => (a.id < b.id ? -1 : 1))
  const width = Math.max(...rules.map(({ id }) => id.length))
  return rules
    .map(
      ({ id, mode, category, summary }) => `${id.padEnd(width)}  ${mode.padEnd(4)}  ${category.padEnd(13)}  ${summary}`
    )
    .join('\n')
}

function page(id: string, pages: URL): string {
  if (!RULE_IDS.includes(id)) throw new InvalidInput([`${id}: unknown rule${suggest(id, RULE_IDS)}`])
  return readFileSync(new URL(`${id}.md`, pages), 'utf8').trimEnd()
}
