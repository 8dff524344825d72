import ipaddr from 'ipaddr.js'
import { memoize } from './memoize.ts'
import type { Tristate } from './tristate.ts'

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
 * Does an address lie in a block of these lists? Addresses of pods that are yet to be made are not known.
 */
export function inBlocks(
  lists: readonly (readonly string[])[],
  address: string | undefined
): (text: string) => Tristate {
  if (address === undefined) return () => undefined
  let own: Block['net'] | undefined
  return text => {
    const block = lists.map(list => blocksOf(list).get(text)).find(one => one !== undefined)
    if (block === undefined) return false
    own ??= ipaddr.parse(address)
    return own.kind() === block.net.kind() && own.match(block.net, block.bits)
  }
}
