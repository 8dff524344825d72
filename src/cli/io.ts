/** Inputs and outputs of a command; tests replace them. */
export interface Io {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  /** True if `out` writes to a terminal. */
  readonly isTerminal: boolean
  /** Directory of the rule pages; differs between sources and bundle. */
  readonly pages: URL
  /** Entry point of the evaluation thread; differs between sources and bundle. */
  readonly worker: URL
  /** Sets the exit code; the process ends when its event loop is empty. */
  readonly exit: (code: number) => void
}
