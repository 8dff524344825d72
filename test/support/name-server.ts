import dns from 'node:dns'

/** Who looks up names for this process. */
export interface NameServer {
  /** While it is, the name is not known. */
  isDown: boolean
  /** All is looked up as before. */
  readonly close: () => void
}

/** Makes a name one of loopback. */
export function nameServerOf(name: string): NameServer {
  const { lookup } = dns
  const fake = (asked: string, options: dns.LookupOptions, callback: (...args: unknown[]) => void) => {
    if (asked !== name) return lookup(asked, options, callback)
    const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${asked}`), { code: 'ENOTFOUND' })
    const found = options.all === true ? [{ address: '127.0.0.1', family: 4 }] : '127.0.0.1'
    return setImmediate(() => (server.isDown ? callback(error) : callback(null, found, 4)))
  }
  dns.lookup = Object.assign(fake, lookup)
  const server = {
    isDown: false,
    close: () => {
      dns.lookup = lookup
    }
  }
  return server
}
