import ipaddr from 'ipaddr.js'

/** First bits of addresses, as text of `0` and `1` behind the IP version. */
export type Prefix = string

/** Most texts are no addresses, which the library finds out slowly. */
const IPV6 = /^[0-9a-f.:]{2,45}$/i

/** Prefix of a CIDR block; `undefined` if it is invalid, which the API server rejects. */
export function parseCidr(text: string): Prefix | undefined {
  const slash = text.indexOf('/')
  const length = slash < 0 ? undefined : parseDecimal(text, slash + 1, text.length)
  const bits = length === undefined ? undefined : parseAddress(text.slice(0, slash))
  return length === undefined || bits === undefined || length > lengthOf(bits)
    ? undefined
    : bits.slice(0, VERSION + length)
}

/** Length of the IP version in a prefix. */
const VERSION = 1
const lengthOf = (prefix: Prefix) => prefix.length - VERSION

/** All bits of an address; `undefined` if it is invalid. A prefix contains the addresses that start with it. */
export function parseAddress(text: string): Prefix | undefined {
  const ipv4 = parseIpv4(text)
  if (ipv4 !== undefined) return `4${toBits(ipv4)}`
  return IPV6.test(text) && ipaddr.IPv6.isValid(text) ? `6${toBits(ipaddr.IPv6.parse(text).toByteArray())}` : undefined
}

/** The four bytes of an address. Without regular expressions, because policies can list tens of thousands. */
function parseIpv4(text: string): readonly number[] | undefined {
  if (text.length > MAX_IPV4) return undefined
  const bytes: number[] = []
  for (let start = 0; start <= text.length; ) {
    const dot = text.indexOf('.', start)
    const end = dot < 0 ? text.length : dot
    const byte = parseDecimal(text, start, end)
    if (byte === undefined || byte > 255) return undefined
    bytes.push(byte)
    start = end + 1
  }
  return bytes.length === 4 ? bytes : undefined
}
const MAX_IPV4 = '255.255.255.255'.length

/** Number of one to three digits; `undefined` for another text. */
function parseDecimal(text: string, start: number, end: number): number | undefined {
  if (end === start || end > start + 3) return undefined
  let value = 0
  for (let at = start; at < end; at += 1) {
    const digit = text.charCodeAt(at) - ZERO
    if (digit < 0 || digit > 9) return undefined
    value = 10 * value + digit
  }
  return value
}
const ZERO = '0'.charCodeAt(0)

const BYTES = Array.from({ length: 256 }, (_, byte) => byte.toString(2).padStart(8, '0'))
const toBits = (bytes: readonly number[]) => bytes.map(byte => BYTES[byte]).join('')

/** Prefix of a CIDR block, or of the block of one address. */
export const parseBlock = (text: string) => parseCidr(text) ?? parseAddress(text)

/** True for an address, and for a block of addresses. */
export const isBlock = (text: string) => parseBlock(text) !== undefined

/** First address of a prefix, and how many addresses it has. */
export function extentOf(prefix: Prefix): readonly [first: bigint, size: bigint] {
  const size = 1n << BigInt((prefix.startsWith('4') ? 32 : 128) - lengthOf(prefix))
  return [BigInt(`0b0${prefix.slice(VERSION)}`) * size, size]
}

/** Returns a function that lists the blocks that contain an address. Invalid blocks and addresses match nothing. */
export function blockIndex(cidrs: Iterable<string>): (address: string) => readonly string[] {
  const byPrefix = new Map<Prefix, string[]>()
  for (const cidr of cidrs) {
    const prefix = parseBlock(cidr)
    if (prefix === undefined) continue
    const known = byPrefix.get(prefix)
    if (known === undefined) byPrefix.set(prefix, [cidr])
    else known.push(cidr)
  }
  const lengths = [...new Set([...byPrefix.keys()].map(({ length }) => length))]
  return text => {
    const address = parseAddress(text)
    return address === undefined ? [] : lengths.flatMap(length => byPrefix.get(address.slice(0, length)) ?? [])
  }
}
