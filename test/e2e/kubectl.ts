import { spawn } from 'node:child_process'

export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs a program. `input` is its standard input. */
export type Run = (args: readonly string[], input?: string) => Promise<Ran>
export type Kubectl = Run

/** @param first leading arguments */
export function runnerOf(program: string, first: readonly string[] = []): Run {
  return (args, input = '') =>
    new Promise((resolve, reject) => {
      const child = spawn(program, [...first, ...args])
      const text = { out: '', err: '' }
      child.stdout.setEncoding('utf8').on('data', (part: string) => {
        text.out += part
      })
      child.stderr.setEncoding('utf8').on('data', (part: string) => {
        text.err += part
      })
      child.once('error', reject)
      child.once('close', code => resolve({ code: code ?? 1, ...text }))
      // A program may exit before it has read all input.
      child.stdin.on('error', () => {})
      child.stdin.end(input)
    })
}
