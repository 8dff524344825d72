/** CPU time of a call in milliseconds, independent of the load of the machine. */
export function cpuTimeMs(call: () => void): number {
  const before = process.cpuUsage()
  call()
  return process.cpuUsage(before).user / 1_000
}
