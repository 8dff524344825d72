/** CPU time that a call takes, in milliseconds: a machine that does other things as well does not change it. */
export function cpuTimeMs(call: () => void): number {
  const before = process.cpuUsage()
  call()
  return process.cpuUsage(before).user / 1_000
}
