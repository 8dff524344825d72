import dns from 'node:dns'

/** Replaces the DNS resolver of this process. */
export interface NameServer {
  /** While true, the name does not resolve. */
  isDown: boolean
  /** Restores the resolver. */
  readonly close: () => void
}

/** Resolves a name to the loopback address. */
export function nameServerOf(name: string): NameServer {
  const { lookup } = dns
  const fake = (host: string, options: dns.LookupOptions, callback: (...args: unknown[]) => void) => {
    if (host !== name) return lookup(host, options, callback)
    const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' })
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
