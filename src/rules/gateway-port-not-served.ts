import { appliesTo, type Gateway } from '../model/gateway.ts'
import { toServiceRef } from '../model/reach.ts'
import { nameOf, toRef } from '../model/resource.ts'
import { defineCut } from './rule.ts'

export default defineCut({
  id: 'gateway-port-not-served',
  cause: 'no-listener',
  summary: 'A Service leads to a gateway port on which nothing listens',
  explain({ destination, server }, view) {
    const { host, port } = destination
    const number = server.at === 'application' ? port : server.port
    const service = toServiceRef(host)
    const silent = view
      .list('Gateway')
      .find(gateway => appliesTo(gateway, server.workload) && lists(gateway, [number, port]))
    if (silent === undefined) {
      return {
        object: service,
        field: 'spec.ports',
        message: `${nameOf(service)} port ${port} leads to port ${number}, where no Gateway listens`,
        fix: { text: `Keep a Gateway with a server on port ${number} that selects these pods` }
      }
    }
    return {
      object: toRef(silent),
      field: 'spec.servers',
      message: `${nameOf(silent)} serves port ${number} in a way that HTTP routes do not apply to, so nothing listens`,
      fix: {
        text: 'Use protocol HTTP without tls, or HTTPS with tls.mode SIMPLE or ISTIO_MUTUAL; no mode is PASSTHROUGH'
      }
    }
  }
})

function lists({ spec }: Gateway, numbers: readonly number[]): boolean {
  return spec.servers.some(({ port }) => numbers.includes(port.number))
}
