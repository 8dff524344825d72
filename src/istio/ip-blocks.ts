import { memoize } from '../state/memoize.ts'
import { blockIndex, parseAddress } from '../text/cidr.ts'

/** Address of a caller that can be any pod or host but Istio's and Knative's own pods. */
export const ANY_ADDRESS = '*'

/**
 * No address: what Envoy takes out of HBONE, which no block matches.
 * @see Envoy 1.40 source/common/network/address_impl.h (EnvoyInternalInstance)
 */
export const INTERNAL_ADDRESS = 'internal'

/** Memoized, because lists can be long and each request is matched with them. */
const containing = memoize(blockIndex)

/**
 * Those of the addresses and blocks that contain an address; invalid ones, which Istio rejects, contain none. `undefined` for a
 * pod without address, which does not exist yet.
 */
export function blocksWith(blocks: readonly string[], address: string | undefined): readonly string[] | undefined {
  if (address === INTERNAL_ADDRESS) return []
  return address === undefined || parseAddress(address) === undefined ? undefined : containing(blocks)(address)
}
