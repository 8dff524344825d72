import { podsOfGateway } from '../request/service-resolution.ts'
import { nameOf } from '../state/resource.ts'
import { gatewaysOfModels } from './lib/model-gateways.ts'
import { defineCheck } from './lib/rule.ts'

export default defineCheck({
  id: 'credential-in-other-namespace',
  category: 'ineffective',
  mode: 'warn',
  summary: 'The Secret of a credentialName is not in the namespace of the gateway pods',
  symptom: 'TLS handshakes with the gateway fail; its log says that a secret is not found',
  on: ['Gateway'],
  reads: ['Secret', 'Pod', 'ConfigMap'],
  *check(gateway, view) {
    if (!gatewaysOfModels(view).includes(`${gateway.namespace}/${gateway.name}`)) return
    const namespaces = [...new Set(podsOfGateway(view, gateway).map(({ namespace }) => namespace))].sort()
    for (const [i, { tls }] of gateway.spec.servers.entries()) {
      const name = secretName(tls?.credentialName)
      const secrets = view.list('Secret').filter(one => one.name === name)
      const missing = namespaces.find(namespace => !secrets.some(one => one.namespace === namespace))
      const [found] = secrets
      if (missing === undefined || found === undefined) continue
      yield {
        field: `spec.servers[${i}].tls.credentialName`,
        message: `${nameOf(gateway)} has no certificate: Secret ${name} is not in ${missing}`,
        fix: { text: `Create Secret ${name} in ${missing}, where the gateway pods are; it is in ${found.namespace}` }
      }
    }
  }
})

/** Absent if another store has the certificate. */
function secretName(credentialName = ''): string | undefined {
  const name = credentialName.replace('kubernetes://', '')
  return name === '' || name.includes('/') ? undefined : name
}
