import { appliesTo, resolvePort } from '../model/gateway.ts'
import { nameOf, toRef } from '../model/resource.ts'
import { targetsOf } from '../model/service.ts'
import { toServiceRef } from '../model/way.ts'
import { defineCut } from './rule.ts'

export default defineCut({
  id: 'gateway-port-not-served',
  cause: 'no-listener',
  summary: 'A Service leads to a gateway port on which nothing listens',
  explain({ destination, server: { workload }, at }, view) {
    const targets = targetsOf(view, workload)
    const silent = view
      .list('Gateway')
      .filter(gateway => appliesTo(gateway, workload))
      .find(({ spec }) => spec.servers.some(({ port }) => resolvePort(targets, port.number) === at))
    if (silent === undefined) {
      const service = toServiceRef(destination.host)
      return {
        object: service,
        field: 'spec.ports',
        message: `${nameOf(service)} port ${destination.port} leads to port ${at}, where no Gateway listens`,
        fix: { text: `Keep a Gateway with a server on port ${at} that selects these pods` }
      }
    }
    return {
      object: toRef(silent),
      field: 'spec.servers',
      message: `${nameOf(silent)} serves port ${at} in a way that HTTP routes do not apply to, so nothing listens`,
      fix: {
        text: 'Use protocol HTTP without tls, or HTTPS with tls.mode SIMPLE or ISTIO_MUTUAL; no mode is PASSTHROUGH'
      }
    }
  }
})
