import { run } from '../../src/cli/program.ts'
import { readPage, workerEntry } from '../../src/program-files.ts'

export interface Result {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs a command line in this process. */
export const meshGuard = (...argv: readonly string[]): Promise<Result> => runCommand(argv, false)

export async function runCommand(
  argv: readonly string[],
  isTerminal: boolean,
  columns = Infinity,
  status?: (text: string) => void
): Promise<Result> {
  const result = { code: 0, out: '', err: '' }
  await run(argv, {
    out: text => {
      result.out += `${text}\n`
    },
    err: text => {
      result.err += `${text}\n`
    },
    isTerminal,
    readPage,
    workerEntry,
    columns,
    status,
    exit: code => {
      result.code = code
    }
  })
  return result
}
