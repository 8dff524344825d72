import { parseArgs } from 'node:util'

export interface SoakOptions {
  readonly seconds: number
  /** Determines the order of the faults. */
  readonly seed: number
}

/** @throws an error with a one-line message if an option is invalid */
export function readOptions(args: readonly string[]): SoakOptions {
  const { values } = parse(args)
  const { seconds = '600', seed = String(Date.now() % 1_000_000) } = values
  const read = { seconds: Number(seconds), seed: Number(seed) }
  if (!(read.seconds > 0 && Number.isInteger(read.seed))) {
    throw new Error(`--seconds ${seconds} --seed ${seed}: must be a positive number and an integer`)
  }
  return read
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: { seconds: { type: 'string' }, seed: { type: 'string' } } })
  } catch (error) {
    throw new Error((error as Error).message.replaceAll('\n', ' '))
  }
}
