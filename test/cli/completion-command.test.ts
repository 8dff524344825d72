/** Completions, and the completion scripts in the shells that are installed. */
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import t from 'tap'
import { MODES, RULE_IDS } from '../../src/config-schema.ts'
import { meshGuard } from '../support/command.ts'
import { end, start } from '../support/program.ts'

const ANY_FILE = ':0'
const NO_FILE = ':4'
const NO_FILE_NO_SPACE = ':6'

async function complete(...words: readonly string[]): Promise<readonly string[]> {
  const { out } = await meshGuard('__complete', '--', ...words)
  return out.trimEnd().split('\n')
}
const wordsOf = (lines: readonly string[]) => lines.slice(0, -1).map(line => line.split('\t', 1)[0] ?? '')

/** Names in a section of the help, such as commands. */
async function namesInHelp(heading: string, ...command: readonly string[]): Promise<readonly string[]> {
  const { out } = await meshGuard(...command, '--help')
  const [, list = ''] = new RegExp(`^${heading}:\n((?: .*\n)+)`, 'm').exec(out) ?? []
  return [...list.matchAll(/^ {2}(?:-\w, )?([\w-]+)/gm)].map(([, name = '']) => name)
}

t.test('completions list every command and option of the help', async t => {
  const commands = await namesInHelp('Commands')
  t.ok(commands.length > 7)
  t.same(wordsOf(await complete('')), commands)
  for (const command of commands.filter(name => name !== 'help')) {
    t.same(wordsOf(await complete(command, '-')), await namesInHelp('Options', command), command)
  }
})

t.test('completions depend on the position', async t => {
  const rules = RULE_IDS.filter(id => id.startsWith('certificate-'))
  for (const [words, expected] of [
    [
      ['expl'],
      [
        'explain\tShow which callers reach an InferenceService by which path, and what blocks the others; without a name, an overview of all',
        NO_FILE
      ]
    ],
    [['nothing', 'like'], [NO_FILE]],
    [['audit', '--delete=x'], [NO_FILE]],
    [['check', '--delete=x'], [NO_FILE]],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish', NO_FILE]
    ],
    [
      ['rules', 'certificate-'],
      [...rules, NO_FILE]
    ],
    [['rules', rules[0] ?? '', ''], [NO_FILE]],
    [['check', ''], [ANY_FILE]],
    [['check', '-', 'a.yaml', ''], [ANY_FILE]],
    [
      ['check', '-f', 'a.yaml', '-o', ''],
      ['text', 'json', 'yaml', 'sarif', 'junit', 'github', 'markdown', NO_FILE]
    ],
    [
      ['explain', '-o', ''],
      ['text', 'wide', 'json', 'yaml', 'mermaid', 'html', NO_FILE]
    ],
    [
      ['diff', '-o', ''],
      ['text', 'json', 'yaml', 'markdown', 'html', NO_FILE]
    ],
    [
      ['check', 'a.yaml', '--output=js'],
      ['--output=json', NO_FILE]
    ],
    [['check', 'a.yaml', '--output=json', ''], [ANY_FILE]],
    [['check', '--delete', ''], [ANY_FILE]],
    [['explain', '-n', ''], [NO_FILE]],
    [['explain', '--config', ''], [ANY_FILE]],
    [['explain', '--nothing=x'], [NO_FILE]],
    [['serve', '--manifests', 'a', 'b', ''], [ANY_FILE]],
    [['audit', '--against', 'a', ''], [NO_FILE]],
    [
      ['audit', '--rule', 'certificate-'],
      [...rules.map(id => `${id}=`), NO_FILE_NO_SPACE]
    ],
    [
      ['audit', '--rule', 'tls-certificate-mismatch='],
      [...MODES.map(mode => `tls-certificate-mismatch=${mode}`), NO_FILE]
    ],
    [
      ['audit', '--rule=tls-certificate-mismatch=d'],
      ['--rule=tls-certificate-mismatch=deny', NO_FILE]
    ]
  ] as const) {
    t.same(await complete(...words), expected, words.join(' '))
  }
})

t.test('kubectl-complete prints the same completions', async t => {
  const { out, code } = await end(start(t, ['check', '--outp'], '', {}, 'kubectl-complete.ts'))
  t.same({ out, code }, { out: '--output\toutput format\n:4\n', code: 0 })
})

/** A folder with the program in bin and a file to complete. */
async function completionDir(test: Pick<typeof t, 'testdir'>, shell: string): Promise<string> {
  const folder = test.testdir({ 'change.yaml': '', bin: {} })
  const program = join(folder, 'bin/mesh-guard')
  const main = join(import.meta.dirname, '../../src/main.ts')
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`)
  chmodSync(program, 0o755)
  writeFileSync(join(folder, 'script'), (await meshGuard('completion', shell)).out)
  return folder
}

const isInstalled = (shell: string) => spawnSync(shell, ['--version']).error === undefined

/** @param code shell code that completes `$LINE` and prints the result */
const completing =
  (shell: string, args: readonly string[], code: string) => async (test: Pick<typeof t, 'testdir' | 'match'>) => {
    const folder = await completionDir(test, shell)
    for (const [line, expected] of [
      ['mesh-guard exp', 'explain'],
      ['mesh-guard audit --output=js', 'json'],
      ['mesh-guard audit --rule tls-certificate-m', 'tls-certificate-mismatch='],
      ['mesh-guard check chan', 'change.yaml']
    ] as const) {
      const out = execFileSync(shell, [...args, code], {
        cwd: folder,
        encoding: 'utf8',
        timeout: 60_000,
        env: {
          ...process.env,
          HOME: folder,
          TERM: 'dumb',
          LINE: line,
          PATH: [join(folder, 'bin'), process.env['PATH']].join(delimiter)
        }
      })
      test.match(out, expected, line)
    }
  }

/** `compopt` fails outside of a completion, so it is replaced by a function that prints its option. */
const BASH = `
compopt() { if [[ $2 == default ]]; then compgen -f -- "\${words[-1]}"; else echo "$2"; fi; }
source ./script
COMP_LINE=$LINE COMP_POINT=\${#LINE} COMP_WORDBREAKS=$' \\t\\n"\\'><=;|&(:'
_mesh_guard
printf '%s\\n' "\${COMPREPLY[@]}"
`

/** An interactive shell in a pseudo-terminal that receives the Tab key and prints its line. */
const ZSH = `
zmodload zsh/zpty
zpty inner zsh -f -i
zpty -w inner 'PS1=; unset HISTFILE; show() { print -r "<$BUFFER>" }; zle -N show; bindkey "^X" show'
zpty -w inner 'autoload -Uz compinit; compinit -u -D; source ./script; print rea""dy'
zpty -r -m inner out '*ready*'
zpty -w -n inner "$LINE"$'\\t\\x18'
zpty -r -m inner out '*<*>*'
print -r -- "$out"
zpty -d inner
`

const FISH = 'source ./script; complete -C "$LINE"'

for (const [shell, args, code] of [
  ['bash', ['--norc', '-c'], BASH],
  ['zsh', ['-f', '-c'], ZSH],
  ['fish', ['--no-config', '-c'], FISH]
] as const) {
  t.test(shell, { skip: !isInstalled(shell) && 'not installed' }, completing(shell, args, code))
}
