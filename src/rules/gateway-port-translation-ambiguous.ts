import { DISABLE_PORT_TRANSLATION_LABEL } from '../istio/gateway-servers.ts'
import { podsWith } from '../kubernetes/service.ts'
import { byCreationTime } from '../state/creation-order.ts'
import { getOrAdd } from '../state/map.ts'
import { memoize } from '../state/memoize.ts'
import { nameOf, type ResourceOf } from '../state/resource.ts'
import { isEmpty } from '../text/selector.ts'
import { defineCheck } from './lib/rule.ts'

export default defineCheck({
  id: 'gateway-port-translation-ambiguous',
  category: 'latent-outage',
  mode: 'warn',
  summary: 'Two Services map a gateway port to different target ports; the oldest wins',
  symptom: 'none today; connection refused or 503 `UF` at the gateway after the older Service is recreated',
  on: ['Service'],
  reads: ['Pod'],
  *check(service, view) {
    if (!translates(service)) return
    const pods = podsWith(view, service.namespace, service.spec.selector).filter(({ proxy }) => proxy === 'gateway')
    const [pod] = pods
    if (pod === undefined) return
    for (const other of view.list('Service', service.namespace)) {
      // Report the newer Service: adding it made the port ambiguous.
      if (other === service || !translates(other) || byCreationTime(other, service) > 0) continue
      if (!podsWith(view, other.namespace, other.spec.selector).includes(pod)) continue
      const shared = service.spec.ports.findIndex(({ port, targetPort = port }) =>
        targetsByPort(other)
          .get(port)
          ?.some(target => target !== targetPort)
      )
      const port = service.spec.ports[shared]
      if (port === undefined) continue
      yield {
        field: `spec.ports[${shared}].targetPort`,
        message: `Gateways on port ${port.port} move to ${port.targetPort} when ${nameOf(other)} is recreated`,
        fix: { text: `Set the label ${DISABLE_PORT_TRANSLATION_LABEL}: "true" on this Service` }
      }
    }
  }
})

const targetsByPort = memoize(({ spec }: ResourceOf<'Service'>) => {
  const targets = new Map<number, (number | string)[]>()
  for (const { port, targetPort = port } of spec.ports) {
    getOrAdd(targets, port, (): (number | string)[] => []).push(targetPort)
  }
  return targets
})

const translates = ({ labels, spec }: ResourceOf<'Service'>) =>
  !(DISABLE_PORT_TRANSLATION_LABEL in labels) && !isEmpty(spec.selector)
