import { memoize } from '../state/memoize.ts'
import { blockIndex } from '../text/cidr.ts'
import type { WordIndex } from './word-index.ts'

type Blocks = Pick<WordIndex, 'blocks'>

/** Blocks of addresses before and after a change; the same object if they are equal. */
export interface BlockChange {
  readonly before: Blocks
  readonly after: Blocks
}

/** True if an address is in other blocks after the change. */
export const isInOthers = (address: string, { before, after }: BlockChange) =>
  blocksOf(address, before) !== blocksOf(address, after)

/** Blocks that contain an address, as text. */
export const blocksOf = (address: string, { blocks }: Blocks) => containing(blocks)(address).toSorted().join()

const containing = memoize((blocks: readonly string[]) => blockIndex(blocks))
