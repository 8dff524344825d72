import { coversHost } from '../text/host.ts'
import type { Chain, Listener } from './gateway.ts'

/** Chain that matches a TLS connection: the one with the most specific server name, else the one for any SNI. */
export function chainForSni({ chains }: Listener, sni: string): Chain | undefined {
  let best: { readonly chain: Chain; readonly length: number } | undefined
  for (const chain of chains) {
    const lengths = chain.serverNames.filter(name => coversHost(name, sni)).map(lengthOf)
    const length = chain.serverNames.length === 0 ? 0 : Math.max(-1, ...lengths)
    if (length > (best?.length ?? -1)) best = { chain, length }
  }
  return best?.chain
}

/** An exact name is more specific than any wildcard. */
const lengthOf = (name: string) => (name.startsWith('*') ? name.length : Number.POSITIVE_INFINITY)

/** Chain that matches a connection without TLS: the one without server names. */
export function chainForPlaintext({ chains }: Listener): Chain | undefined {
  return chains.find(({ serverNames }) => serverNames.length === 0)
}
