import { EXPORT_TO } from '../istio/sidecar.ts'
import { nameOf, toRef } from '../state/resource.ts'
import { meshConfigRef } from './lib/mesh-config.ts'
import { clientName } from './lib/message-parts.ts'
import { defineFailure } from './lib/rule.ts'

export default defineFailure({
  id: 'service-not-exported',
  cause: 'service-not-exported',
  summary: 'Routes lead to a Service that is not exported to the proxies of the clients',
  symptom: '503 `NC` with `cluster_not_found` in the access log of the proxy',
  explain({ client, service }, view) {
    const isAnnotated = service.annotations[EXPORT_TO] !== undefined
    const hidden = nameOf(service)
    return {
      object: isAnnotated ? toRef(service) : meshConfigRef(view, client),
      field: isAnnotated ? `metadata.annotations[${EXPORT_TO}]` : 'data.mesh',
      message: `${hidden} is not exported to ${clientName(client)}, whose routes lead to it`,
      fix: {
        text: isAnnotated
          ? `Remove annotation ${EXPORT_TO} from ${hidden}, or add the namespaces of all callers to it`
          : `Annotate ${hidden} with ${EXPORT_TO}: "*", or remove defaultServiceExportTo`
      }
    }
  }
})
