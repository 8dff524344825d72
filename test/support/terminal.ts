import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')

/** Reason to skip tests that need a pseudo-terminal, or false. */
export const withoutTerminal = /util-linux/.test(spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout ?? '')
  ? false
  : 'no script(1)'

const without = (names: readonly string[]) =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !names.includes(name)))

interface Size {
  readonly columns: number
  readonly env?: Readonly<Record<string, string>>
}

/** Runs the program in a pseudo-terminal. @returns what it writes to the terminal, on stdout and stderr */
export async function runInTerminal(argv: readonly string[], { columns, env = {} }: Size): Promise<string> {
  const program = [process.execPath, 'src/main.ts', ...argv].map(word => `'${word}'`).join(' ')
  const child = spawn('script', ['-qec', `stty cols ${columns} rows 40; exec ${program}`, '/dev/null'], {
    cwd: root,
    env: { ...without(['NO_COLOR', 'FORCE_COLOR']), ...env },
    stdio: ['ignore', 'pipe', 'inherit']
  })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part
  })
  await once(child, 'close')
  return text.replaceAll('\r\n', '\n')
}
