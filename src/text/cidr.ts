import ipaddr from 'ipaddr.js'

/** Returns a function that lists the blocks that contain an address. Invalid blocks and addresses match nothing. */
export function blockIndex(cidrs: readonly string[]): (address: string) => readonly string[] {
  const byPrefix = new Map<string, string[]>()
  const lengths = new Set<number>()
  for (const cidr of cidrs) {
    if (!ipaddr.isValidCIDR(cidr)) continue
    const [net, length] = ipaddr.parseCIDR(cidr)
    const prefix = toPrefix(net, length)
    byPrefix.set(prefix, [...(byPrefix.get(prefix) ?? []), cidr])
    lengths.add(length)
  }
  return text => {
    if (!ipaddr.isValid(text)) return []
    const address = ipaddr.parse(text)
    return [...lengths].flatMap(length => byPrefix.get(toPrefix(address, length)) ?? [])
  }
}

/** Kind and first bits of an address. */
function toPrefix(address: ipaddr.IPv4 | ipaddr.IPv6, length: number): string {
  const bits = address.toByteArray().map(byte => byte.toString(2).padStart(8, '0'))
  return `${address.kind()} ${length} ${bits.join('').slice(0, length)}`
}
