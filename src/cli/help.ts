/** Meanings of the exit codes 0 and 1; a command without findings has no 1. */
interface Outcomes {
  readonly ok: string
  readonly found?: string
  readonly failed?: string
}

export const FINDINGS: Outcomes = {
  ok: 'no finding at or above --fail-on',
  found: 'findings at or above --fail-on',
  failed: 'internal error, or the cluster cannot be read'
}

export const SUCCESS: Outcomes = { ok: 'success' }

/** Examples and exit codes, to be shown after the options of a command. */
export function helpText(examples: readonly string[], { ok, found, failed = 'internal error' }: Outcomes): string {
  return [
    '',
    'Examples:',
    ...examples.map(example => `  ${example}`),
    '',
    'Exit codes:',
    `  0  ${ok}`,
    ...(found === undefined ? [] : [`  1  ${found}`]),
    '  2  bad usage, or unreadable or invalid input',
    `  3  ${failed}`
  ].join('\n')
}
