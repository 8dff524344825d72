import { Argument, Command } from 'commander'
import { complete, type Suggestions } from './complete.ts'
import { helpText, SUCCESS } from './help.ts'
import type { Io } from './io.ts'

const EXAMPLES = [
  'source <(mesh-guard completion bash)',
  'mesh-guard completion bash > ~/.local/share/bash-completion/completions/mesh-guard'
]

/** The script runs the program on each completion, so that it never lacks a command or option. */
export function completionCommand(io: Io): Command {
  return new Command('completion')
    .description('Print a shell completion script; kubectl completes `kubectl mesh-guard` without one')
    .addArgument(new Argument('<shell>', 'shell').choices(Object.keys(SCRIPTS)))
    .addHelpText('after', helpText(EXAMPLES, SUCCESS))
    .action((shell: keyof typeof SCRIPTS) => io.out(SCRIPTS[shell].trim()))
}

/** The command that the scripts and kubectl run; the words follow `--`. */
export const COMPLETE = '__complete'

export function completeCommand(program: Command, io: Io): Command {
  return new Command(COMPLETE)
    .argument('[word...]')
    .action((words: readonly string[]) => io.out(toLines(complete(program, words))))
}

/** Bits of Cobra's completion directive that are used here. */
const NO_SPACE = 2
const NO_FILES = 4

/**
 * The output format of Cobra, which kubectl expects of a plugin.
 *
 * @see https://github.com/spf13/cobra/blob/main/site/content/completions/_index.md
 */
function toLines({ words, files, open }: Suggestions): string {
  const lines = words.map(({ word, description }) => (description === '' ? word : `${word}\t${description}`))
  return [...lines, `:${(open ? NO_SPACE : 0) + (files ? 0 : NO_FILES)}`].join('\n')
}

/** Requires Bash 4. It splits the words itself, because Bash splits at `=` too. */
const BASH = String.raw`
_mesh_guard() {
  local line=${'$'}{COMP_LINE:0:COMP_POINT} out value words
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  out=$("${'$'}{words[0]}" ${COMPLETE} -- "${'$'}{words[@]:1}" 2>/dev/null) || return
  COMPREPLY=()
  while IFS=$'\t' read -r value _; do
    [[ $value == :* ]] || COMPREPLY+=("$value")
  done <<<"$out"
  local word=${'$'}{words[-1]} directive=${'$'}{out##*:}
  [[ $COMP_WORDBREAKS == *=* && $word == *=* ]] && COMPREPLY=("${'$'}{COMPREPLY[@]#"${'$'}{word%=*}="}")
  ((directive & ${NO_SPACE})) && compopt -o nospace
  ((directive & ${NO_FILES})) || compopt -o default
}
complete -F _mesh_guard mesh-guard
`

const ZSH = String.raw`
#compdef mesh-guard
_mesh_guard() {
  local out line directive
  local -a values suffix
  out=$("$words[1]" ${COMPLETE} -- "${'$'}{(@)words[2,CURRENT]}" 2>/dev/null) || return
  directive=${'$'}{out##*:}
  for line in "${'$'}{(@f)out}"; do
    [[ $line == :* ]] || values+=("${'$'}{line/$'\t'/:}")
  done
  ((directive & ${NO_SPACE})) && suffix=(-S '')
  ((directive & ${NO_FILES})) || { _files; return }
  _describe mesh-guard values "$suffix[@]"
}
compdef _mesh_guard mesh-guard
`

const FISH = `
function __mesh_guard_complete
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    set -l out ($words[1] ${COMPLETE} -- $words[2..-1] "$word" 2>/dev/null)
    string match -rv '^:' -- $out
    string match -q ':0' -- $out[-1]; and __fish_complete_path "$word"
end
complete -c mesh-guard -f -a '(__mesh_guard_complete)'
`

const SCRIPTS = { bash: BASH, zsh: ZSH, fish: FISH } as const
