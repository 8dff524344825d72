import type { Argument, Command, Option } from 'commander'
import { MODES, RULE_IDS } from '../config-schema.ts'

/** Completions of the last word. */
export interface Suggestions {
  readonly words: readonly Suggestion[]
  /** File names complete it too. */
  readonly files: boolean
  /** No space follows a completion, because the value continues. */
  readonly open: boolean
}

export interface Suggestion {
  readonly word: string
  readonly description: string
}

/** State of the command line before its last word. */
interface Position {
  readonly command: Command
  /** Number of arguments so far. */
  readonly count: number
  /** Option whose value may follow. */
  readonly pending: Option | undefined
}

/** @param words after the program name; the last is being completed and may be empty */
export function complete(program: Command, words: readonly string[]): Suggestions {
  const [word = ''] = words.slice(-1)
  const start: Position = { command: program, count: 0, pending: undefined }
  const { command, count, pending } = words.slice(0, -1).reduce(step, start)
  const [, flag = '', value] = /^(--[^=]+)=(.*)$/.exec(word) ?? []
  if (value !== undefined) return startingWith(word, prefixed(`${flag}=`, valuesOf(findOption(command, flag), value)))
  if (word.startsWith('-')) return startingWith(word, { ...NOTHING, words: optionsOf(command) })
  if (pending !== undefined) return startingWith(word, valuesOf(pending, word))
  if (command.commands.length > 0) return startingWith(word, { ...NOTHING, words: commandsOf(command) })
  const { registeredArguments: all } = command
  return startingWith(word, valuesOf(all[count] ?? all.findLast(({ variadic }) => variadic), word))
}

function step({ command, count, pending }: Position, word: string): Position {
  if (word.startsWith('-') && word !== STDIN) {
    const option = word.includes('=') ? undefined : findOption(command, word)
    return { command, count, pending: option?.required || option?.optional ? option : undefined }
  }
  if (pending !== undefined) return { command, count, pending: pending.variadic ? pending : undefined }
  const next = command.commands.find(one => one.name() === word)
  return next === undefined ? { command, count: count + 1, pending } : { command: next, count, pending }
}

const STDIN = '-'
const NOTHING: Suggestions = { words: [], files: false, open: false }

const findOption = ({ options }: Command, flag: string) =>
  options.find(({ short, long }) => flag === short || flag === long)

const optionsOf = (command: Command): readonly Suggestion[] =>
  command
    .createHelp()
    .visibleOptions(command)
    .map(option => ({ word: `--${option.name()}`, description: option.description }))

const commandsOf = (command: Command): readonly Suggestion[] =>
  command
    .createHelp()
    .visibleCommands(command)
    .map(one => ({ word: one.name(), description: one.description() }))

/** Values of an option or argument: its choices, or what its placeholder names. */
function valuesOf(wanted: Option | Argument | undefined, word: string): Suggestions {
  if (wanted === undefined) return NOTHING
  if (wanted.argChoices !== undefined) return { ...NOTHING, words: wanted.argChoices.map(bare) }
  const placeholder = 'flags' in wanted ? /<([^<>.]+)/.exec(wanted.flags)?.[1] : wanted.name()
  if (placeholder === 'file' || placeholder === 'path') return { ...NOTHING, files: true }
  if (placeholder === 'id') return { ...NOTHING, words: RULE_IDS.map(bare) }
  if (placeholder !== 'id=mode') return NOTHING
  const [id = '', mode] = word.split('=')
  if (mode === undefined) return { ...NOTHING, words: RULE_IDS.map(one => bare(`${one}=`)), open: true }
  return { ...NOTHING, words: MODES.map(one => bare(`${id}=${one}`)) }
}

const bare = (word: string): Suggestion => ({ word, description: '' })

const prefixed = (prefix: string, { words, ...rest }: Suggestions): Suggestions => ({
  ...rest,
  words: words.map(({ word, description }) => ({ word: prefix + word, description }))
})

const startingWith = (start: string, { words, ...rest }: Suggestions): Suggestions => ({
  ...rest,
  words: words.filter(({ word }) => word.startsWith(start))
})
