import type { Command, CommanderError } from 'commander'
import { suggest } from '../sources/suggest.ts'

/**
 * A usage error of Commander as `what: why; what to do`.
 *
 * @param name of the command, as it was typed
 */
export function describeUsage({ message }: Pick<CommanderError, 'message'>, program: Command, name?: string): string {
  const command = program.commands.find(one => one.name() === name) ?? program
  const [text = ''] = message.replace(/^error: /, '').split('\n')
  for (const [pattern, describe] of FORMS) {
    const match = pattern.exec(text)
    if (match !== null) return describe(match.slice(1), command)
  }
  const choices = text.split('. Allowed choices are ')[1]
  if (choices !== undefined) return describeChoices(text, choices.replace(/\.$/, ''))
  return `${text.replace(/\. E/, ': e').replace(/\.$/, '')}; see ${[program.name(), name].join(' ')} --help`
}

/** An invalid value of an option or argument with choices. */
function describeChoices(text: string, choices: string): string {
  const between = (start: string, end: string) => text.slice(text.indexOf(start) + start.length, text.lastIndexOf(end))
  const [what, value] = text.startsWith('option')
    ? [between("option '", "' argument '"), between("' argument '", "' is invalid")]
    : [between("for argument '", "'. Allowed"), between("value '", "' is invalid for")]
  return `${what}: invalid value ${value}; use one of ${choices}`
}

type Describe = (parts: readonly string[], command: Command) => string

const FORMS: readonly (readonly [RegExp, Describe])[] = [
  [/^unknown option '(.+)'/, ([flag = ''], command) => `${flag}: unknown option${suggest(flag, flagsOf(command))}`],
  [/^unknown command '(.+)'/, ([word = ''], command) => `${word}: unknown command${suggest(word, namesOf(command))}`]
]

const namesOf = (command: Command) =>
  command
    .createHelp()
    .visibleCommands(command)
    .map(one => one.name())

const flagsOf = (command: Command) =>
  command
    .createHelp()
    .visibleOptions(command)
    .map(option => `--${option.name()}`)
