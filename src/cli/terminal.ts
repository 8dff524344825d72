import { wrap } from '../report/wrap.ts'
import type { Io } from './io.ts'

/** What is needed of an output stream. Terminals have columns; some do not tell how many. */
export interface OutputStream {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly write: (text: string) => unknown
}

const CLEAR_LINE = '\r\u001b[K'

/**
 * Outputs of a command to two streams. On a terminal, messages on stderr are wrapped, and a status line is replaced until the
 * next message.
 */
export function terminalIo(
  stdout: OutputStream,
  stderr: OutputStream
): Pick<Io, 'out' | 'err' | 'isTerminal' | 'columns' | 'status'> {
  let hasStatus = false
  const status = (text: string) => {
    if (text === '' && !hasStatus) return
    hasStatus = text !== ''
    // A line that fills the terminal would continue on the next, and stay.
    stderr.write(`${CLEAR_LINE}${text.slice(0, columnsOf(stderr) - 1)}`)
  }
  return {
    out: text => stdout.write(`${text}\n`),
    err: text => {
      status('')
      stderr.write(`${wrap(text, columnsOf(stderr))}\n`)
    },
    isTerminal: Boolean(stdout.isTTY),
    columns: columnsOf(stdout),
    status: stderr.isTTY ? status : undefined
  }
}

/** Columns of a terminal. Text that goes elsewhere is not wrapped. */
function columnsOf({ isTTY, columns = 0 }: OutputStream): number {
  return isTTY && columns > 0 ? columns : Infinity
}
