import { parseArgs } from 'node:util'

export interface SoakOptions {
  readonly seconds: number
  /** What is played follows from it. */
  readonly seed: number
}

/** @throws when what is asked for makes no sense, with one line that says so */
export function readOptions(args: readonly string[]): SoakOptions {
  const { values } = parse(args)
  const { seconds = '600', seed = String(Date.now() % 1_000_000) } = values
  const read = { seconds: Number(seconds), seed: Number(seed) }
  if (!(read.seconds > 0 && Number.isInteger(read.seed))) {
    throw new Error(`--seconds ${seconds} --seed ${seed}: give a number of seconds such as 600, and a whole number`)
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
