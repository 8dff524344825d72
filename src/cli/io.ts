/** Inputs and outputs of a command, which tests replace. */
export interface Io {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  /** True if `out` writes to a terminal. */
  readonly isTerminal: boolean
  /** Directory of the rule pages; the bundle has another than the sources. */
  readonly pages: URL
  /** Entry point of the evaluation thread; the bundle has another than the sources. */
  readonly worker: URL
  /** Sets the exit code; the process ends when its event loop is empty. */
  readonly exit: (code: number) => void
}
