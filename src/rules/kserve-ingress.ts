import { knativeGateways } from '../model/knative.ts'
import { findKserveConfig, ingressOf } from '../model/kserve.ts'
import { findService } from '../model/service.ts'
import type { View } from '../model/snapshot.ts'
import { rewrite } from './rewrite.ts'
import type { Manifest } from './rule.ts'

type Names = Partial<
  Record<'ingressGateway' | 'localGateway' | 'localGatewayService' | 'knativeLocalGatewayService', string | undefined>
>

/** KServe's configuration with other names of gateways; none where there is nothing to say, or nothing to say it in. */
export function withNames(view: View<'ConfigMap'>, names: Names): readonly Manifest[] {
  const map = findKserveConfig(view)
  const text = map?.data['ingress']
  if (map === undefined || text === undefined || Object.keys(names).length === 0) return []
  const ingress = JSON.stringify({ ...JSON.parse(text), ...names }, undefined, 2)
  return [rewrite(map, { data: { ...map.data, ingress } })]
}

/** With Knative's gateways in the place of those that are not there. */
export function withKnativesNames(view: View<'ConfigMap' | 'Service' | 'Gateway'>): readonly Manifest[] {
  const { config, refused } = ingressOf(view)
  if (refused !== undefined) return []
  const { external, local } = knativeGateways(view)
  const names = {
    ingressGateway: external[0]?.gateway,
    localGateway: local[0]?.gateway,
    localGatewayService: local[0]?.service,
    knativeLocalGatewayService: local[0]?.service
  }
  const keys = ['ingressGateway', 'localGateway', 'localGatewayService', 'knativeLocalGatewayService'] as const
  const missing = keys.filter(key => !isThere(view, config[key]))
  return withNames(view, Object.fromEntries(missing.map(key => [key, names[key]])))
}

/** Of a Gateway `namespace/name`, of a Service its host. */
function isThere(view: View<'Service' | 'Gateway'>, name: string): boolean {
  const slash = name.indexOf('/')
  return slash < 0
    ? findService(view, name) !== undefined
    : view.get('Gateway', name.slice(0, slash), name.slice(slash + 1)) !== undefined
}
