import { spawn } from 'node:child_process'

export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs the real kubectl. What is given as `input` is its standard input. */
export type Kubectl = (args: readonly string[], input?: string) => Promise<Ran>

export function kubectlFor(program: string, kubeconfig: string): Kubectl {
  return (args, input = '') =>
    new Promise((resolve, reject) => {
      const child = spawn(program, ['--kubeconfig', kubeconfig, ...args])
      const text = { out: '', err: '' }
      child.stdout.setEncoding('utf8').on('data', (part: string) => {
        text.out += part
      })
      child.stderr.setEncoding('utf8').on('data', (part: string) => {
        text.err += part
      })
      child.once('error', reject)
      child.once('close', code => resolve({ code: code ?? 1, ...text }))
      child.stdin.end(input)
    })
}
