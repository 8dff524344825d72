import { type DroppedServer, type Gateway, mergedServers, resolvePort } from '../istio/gateway-servers.ts'
import { targetsOf } from '../kubernetes/service.ts'
import { podsOfGateway } from '../request/service-resolution.ts'
import { nameOf, toRef } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { gatewaysOfModels } from './lib/model-gateways.ts'
import { defineCheck, type Fix } from './lib/rule.ts'
import { updatedManifest } from './lib/updated-manifest.ts'

export default defineCheck({
  id: 'gateway-server-superseded',
  category: 'ineffective',
  mode: 'warn',
  summary: 'Istio drops a Gateway server: an older one has its host, or its port',
  symptom: 'clients get the certificate or the plaintext listener of another Gateway, or 404 `NR`',
  on: ['Gateway'],
  reads: ['Pod', 'Service', 'ConfigMap', 'InferenceService'],
  *check(gateway, view) {
    const dropped = droppedServersOf(view, gateway)
    if (dropped.size === 0 || view.list('InferenceService').length === 0) return
    const used = gatewaysOfModels(view)
    const isUsed = ({ namespace, name }: Gateway) => used.includes(`${namespace}/${name}`)
    for (const [i, { by, host }] of dropped) {
      if (!isUsed(gateway) && !isUsed(by.gateway)) continue
      const { number, protocol } = by.server.port
      const why = host === undefined ? `uses port ${number} for ${protocol}` : `has host ${host}`
      const name = by.gateway === gateway ? 'an earlier server' : `${by.gateway.namespace}/${by.gateway.name}`
      yield {
        field: host === undefined ? `spec.servers[${i}].port.protocol` : `spec.servers[${i}].hosts`,
        message: `Server ${i} of ${nameOf(gateway)} is ignored: ${name} ${why}`,
        fix: withoutServers(gateway, [...dropped.keys()], isUsed(gateway))
      }
    }
  }
})

/** Servers by index that no pod of the Gateway uses. */
function droppedServersOf(
  view: View<'Gateway' | 'Pod' | 'Service' | 'EndpointSlice'>,
  gateway: Gateway
): ReadonlyMap<number, DroppedServer> {
  const pods = podsOfGateway(view, gateway)
  const results = new Map<number, DroppedServer>()
  for (const [i, { port }] of gateway.spec.servers.entries()) {
    const found = pods.map(pod =>
      mergedServers(view, pod)
        .get(resolvePort(targetsOf(view, pod), port.number))
        ?.dropped.get(port)
    )
    const [first] = found
    if (first !== undefined && found.every(one => one !== undefined)) results.set(i, first)
  }
  return results
}

/** Removes only what has no effect. A Gateway that routes are attached to is kept. */
function withoutServers(gateway: Gateway, indexes: readonly number[], isUsed: boolean): Fix {
  const servers = gateway.spec.servers.filter((_, i) => !indexes.includes(i))
  const text = 'Use a free port or other hosts, or the same protocol and no tls; or remove the server'
  if (servers.length > 0) return { text, apply: [updatedManifest(gateway, { spec: { ...gateway.spec, servers } })] }
  return isUsed ? { text } : { text, remove: [toRef(gateway)] }
}
