import type { WorkerEntry } from '../evaluator/worker-thread.ts'

/** Inputs and outputs of a command; tests replace them. */
export interface Io {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  /** True if `out` writes to a terminal. */
  readonly isTerminal: boolean
  /** Page of a rule, as Markdown; differs between bundle and single executable. */
  readonly readPage: (id: string) => string
  /** Entry point of the evaluation thread; differs between sources, bundle and single executable. */
  readonly workerEntry: () => WorkerEntry
  /** Width of that terminal; infinite if text is not to be wrapped. */
  readonly columns: number
  /** Replaces the status line on stderr, which an empty text removes; absent if stderr is not a terminal. */
  readonly status: ((text: string) => void) | undefined
  /** Sets the exit code; the process ends when its event loop is empty. */
  readonly exit: (code: number) => void
}
