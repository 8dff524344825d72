import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** Addresses of a replica. */
export interface Backend {
  readonly webhook: string
  readonly health: string
}

/** TCP load balancer for the ClusterIP of a Service: round robin over ready replicas. */
export interface Service {
  readonly add: (backend: Backend) => void
  /** Removes all replicas and closes their connections. */
  readonly clear: () => void
  readonly close: () => void
}

const POLL_MS = 100

export async function startService(ip: string, port: number): Promise<Service> {
  const backends = new Map<Backend, boolean>()
  const open = new Set<Socket>()
  let turn = 0
  const server = createServer(client => {
    const ready = [...backends].flatMap(([backend, isReady]) => (isReady ? [backend] : []))
    const backend = ready[turn++ % ready.length]
    if (backend === undefined) {
      client.destroy()
      return
    }
    const { hostname, port } = new URL(backend.webhook)
    const replica = connect(Number(port), hostname)
    for (const [one, other] of [
      [client, replica],
      [replica, client]
    ] as const) {
      open.add(one)
      one.on('close', () => {
        open.delete(one)
        other.destroy()
      })
      one.on('error', () => {})
      one.pipe(other)
    }
  })
  await new Promise<void>(resolve => server.listen(port, ip, resolve))
  let closed = false
  const poll = async () => {
    while (!closed) {
      for (const backend of [...backends.keys()]) {
        const isReady = await fetch(`${backend.health}/readyz`).then(
          ({ status }) => status === 200,
          () => false
        )
        if (backends.has(backend)) backends.set(backend, isReady)
      }
      await sleep(POLL_MS)
    }
  }
  const polling = poll()
  const clear = () => {
    backends.clear()
    for (const socket of open) socket.destroy()
  }
  return {
    add: backend => backends.set(backend, false),
    clear,
    close: () => {
      closed = true
      server.close()
      clear()
      void polling
    }
  }
}
