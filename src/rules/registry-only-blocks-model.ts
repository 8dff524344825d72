import { scopeOf } from '../istio/sidecar.ts'
import { findService } from '../kubernetes/service.ts'
import { nameOf, toRef } from '../state/resource.ts'
import { meshConfigRef } from './lib/mesh-config.ts'
import { clientName, hostName } from './lib/message-parts.ts'
import { defineFailure } from './lib/rule.ts'
import { importing } from './lib/unrouted-sender.ts'

export default defineFailure({
  id: 'registry-only-blocks-model',
  cause: 'not-in-registry',
  summary: 'REGISTRY_ONLY blocks callers whose Sidecar does not import the model',
  symptom: "502 with `BlackHoleCluster`, or a reset connection, in the access log of the caller's sidecar",
  explain({ client, host, by }, view, changed) {
    const { by: sidecar } = scopeOf(view, client)
    const object = changed?.kind === 'ConfigMap' ? undefined : (by ?? sidecar)
    const [, namespace = ''] = host.split('.')
    const gateway = findService(view, host)?.namespace ?? namespace
    const hosts = [...new Set([namespace, gateway])].map(one => `${one}/*`)
    const message = `${clientName(client)} reject ${hostName({ host })}: not imported, and the mode is REGISTRY_ONLY`
    if (object === undefined || sidecar === undefined) {
      const text = 'Set outboundTrafficPolicy.mode to ALLOW_ANY, or export and import the Services of the models'
      return { object: meshConfigRef(view, client), field: 'data.mesh', message, fix: { text } }
    }
    return {
      object: toRef(object),
      field: by === undefined ? 'spec.egress' : 'spec.outboundTrafficPolicy.mode',
      message,
      fix: {
        text: `Add ${hosts.join(' and ')} to the egress hosts of ${nameOf(sidecar)}`,
        apply: [importing(sidecar, hosts)]
      }
    }
  }
})
