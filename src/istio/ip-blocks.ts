import ipaddr from 'ipaddr.js'
import { memoize } from '../state/memoize.ts'
import type { Tristate } from '../text/tristate.ts'

/** Address of a caller that can be any pod or host but Istio's and Knative's own pods. */
export const ANY_ADDRESS = '*'

export interface Block {
  readonly net: ipaddr.IPv4 | ipaddr.IPv6
  readonly bits: number
}

/** Blocks by their text. Memoized, because lists can be long and each request is matched with all blocks. */
export const blocksOf = memoize((texts: readonly string[]): ReadonlyMap<string, Block> => {
  const blocks = new Map<string, Block>()
  for (const text of texts) {
    const block = parseBlock(text)
    if (block !== undefined) blocks.set(text, block)
  }
  return blocks
})

/** @returns `undefined` for an invalid block, which Istio rejects */
function parseBlock(text: string): Block | undefined {
  if (ipaddr.isValidCIDR(text)) {
    const [net, bits] = ipaddr.parseCIDR(text)
    return { net, bits }
  }
  if (!ipaddr.isValid(text)) return undefined
  const net = ipaddr.parse(text)
  return { net, bits: 8 * net.toByteArray().length }
}

/** True for an IP address, and for a block of addresses (CIDR). */
export const isBlock = (text: string) => parseBlock(text) !== undefined

/**
 * Returns a function that tests whether an address is in a block, given by its text in one of the lists. The result is
 * unknown for a pod without address, which does not exist yet.
 */
export function inBlocks(
  [values, notValues]: readonly [readonly string[], readonly string[]],
  address: string | undefined
): (text: string) => Tristate {
  if (address === undefined || !ipaddr.isValid(address)) return () => undefined
  const [included, excluded] = [blocksOf(values), blocksOf(notValues)]
  if (included.size + excluded.size === 0) return () => false
  const own = ipaddr.parse(address)
  const kind = own.kind()
  return text => {
    const block = included.get(text) ?? excluded.get(text)
    return block !== undefined && kind === block.net.kind() && own.match(block.net, block.bits)
  }
}
