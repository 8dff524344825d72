/** Milliseconds on a monotonic clock that all threads of the process share. */
export const nowMs = (): number => Number(process.hrtime.bigint() / 1_000n) / 1_000
