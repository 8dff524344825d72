import ipaddr from 'ipaddr.js'
import { memoize } from '../state/memoize.ts'
import type { Tristate } from '../text/tristate.ts'

interface Block {
  readonly net: ipaddr.IPv4 | ipaddr.IPv6
  readonly bits: number
}

/** Blocks by their text. A list may be long, and each request is held against all of it. */
const blocksOf = memoize((texts: readonly string[]): ReadonlyMap<string, Block> => {
  const blocks = new Map<string, Block>()
  for (const text of texts) {
    const block = parseBlock(text)
    if (block !== undefined) blocks.set(text, block)
  }
  return blocks
})

/** @returns `undefined` for a block that is none: Istio refuses it */
function parseBlock(text: string): Block | undefined {
  if (ipaddr.isValidCIDR(text)) {
    const [net, bits] = ipaddr.parseCIDR(text)
    return { net, bits }
  }
  if (!ipaddr.isValid(text)) return undefined
  const net = ipaddr.parse(text)
  return { net, bits: 8 * net.toByteArray().length }
}

/**
 * Whether an address is in a block, which is given as it is written in one of these lists. The address of a pod that does
 * not exist yet is unknown.
 */
export function inBlocks(
  [values, notValues]: readonly [readonly string[], readonly string[]],
  address: string | undefined
): (text: string) => Tristate {
  if (address === undefined || !ipaddr.isValid(address)) return () => undefined
  const [wanted, excluded] = [blocksOf(values), blocksOf(notValues)]
  if (wanted.size + excluded.size === 0) return () => false
  const own = ipaddr.parse(address)
  const kind = own.kind()
  return text => {
    const block = wanted.get(text) ?? excluded.get(text)
    return block !== undefined && kind === block.net.kind() && own.match(block.net, block.bits)
  }
}
