/** Milliseconds on a clock that never jumps, and that all threads of the process read alike. */
export const nowMs = (): number => Number(process.hrtime.bigint() / 1_000n) / 1_000
