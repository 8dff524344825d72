import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type t from 'tap'

const root = join(import.meta.dirname, '../..')

export interface Program {
  readonly child: ChildProcess
  readonly out: () => string
  readonly err: () => string
}

/** Starts the program in a separate process. */
export function start(
  { teardown }: Pick<typeof t, 'teardown'>,
  argv: readonly string[],
  input = '',
  env: Readonly<Record<string, string>> = {},
  main = 'main.ts'
): Program {
  const child = spawn(process.execPath, [join(root, 'src', main), ...argv], {
    cwd: root,
    env: { ...process.env, ...env }
  })
  teardown(() => child.kill('SIGKILL'))
  const text = { out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text.out += part
  })
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    text.err += part
  })
  child.stdin.end(input)
  return { child, out: () => text.out, err: () => text.err }
}

/** Waits until the process has ended. */
export async function end({ child, out, err }: Program) {
  const [code] = await once(child, 'close')
  return { code, out: out(), err: err() }
}
