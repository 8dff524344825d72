import { knativeGateways } from '../../knative/knative.ts'
import { findKserveConfig, ingressOf } from '../../kserve/kserve.ts'
import { findService } from '../../kubernetes/service.ts'
import type { View } from '../../state/snapshot.ts'
import { parseGoObject } from '../../text/go-json.ts'
import type { Manifest } from './rule.ts'
import { updatedManifest } from './updated-manifest.ts'

type Names = Partial<
  Record<'ingressGateway' | 'localGateway' | 'localGatewayService' | 'knativeLocalGatewayService', string | undefined>
>

/** KServe's ConfigMap with a domain under which models are published as well. */
export function withAdditionalDomain(view: View<'ConfigMap'>, domain: string): readonly Manifest[] {
  const { additionalIngressDomains } = ingressOf(view).config
  return withIngress(view, { additionalIngressDomains: [...additionalIngressDomains, domain] })
}

/** KServe's ConfigMap with other gateway names; empty without names or without the ConfigMap. */
export function withGatewayNames(view: View<'ConfigMap'>, names: Names): readonly Manifest[] {
  return withIngress(view, names)
}

function withIngress(view: View<'ConfigMap'>, names: object): readonly Manifest[] {
  const map = findKserveConfig(view)
  const text = map?.data['ingress']
  if (map === undefined || text === undefined || Object.keys(names).length === 0) return []
  const ingress = JSON.stringify({ ...JSON.parse(text), ...names }, undefined, 2)
  return [updatedManifest(map, { data: { ...map.data, ingress } })]
}

/** KServe's ConfigMap with Knative's gateways for the names that it omits; empty if its value is not a JSON object. */
export function withRequiredNames(view: View<'ConfigMap'>, ingress: string): readonly Manifest[] {
  const written = parseGoObject(ingress)
  if (written === undefined || 'ingressgateway' in written) return []
  const { external, local } = knativeGateways(view)
  return withGatewayNames(view, {
    ingressGateway: external[0]?.gateway,
    localGateway: local[0]?.gateway,
    localGatewayService: local[0]?.service
  })
}

/** KServe's ConfigMap with Knative's gateways in place of those that do not exist. */
export function withKnativeNames(view: View<'ConfigMap' | 'Service' | 'Gateway'>): readonly Manifest[] {
  const { config, rejected } = ingressOf(view)
  if (rejected !== undefined) return []
  const { external, local } = knativeGateways(view)
  const names = {
    ingressGateway: external[0]?.gateway,
    localGateway: local[0]?.gateway,
    localGatewayService: local[0]?.service,
    knativeLocalGatewayService: local[0]?.service
  }
  const keys = ['ingressGateway', 'localGateway', 'localGatewayService', 'knativeLocalGatewayService'] as const
  const missing = keys.filter(key => !exists(view, config[key]))
  return withGatewayNames(view, Object.fromEntries(missing.map(key => [key, names[key]])))
}

/** @param name `namespace/name` of a Gateway, or the host of a Service */
function exists(view: View<'Service' | 'Gateway'>, name: string): boolean {
  const slash = name.indexOf('/')
  return slash < 0
    ? findService(view, name) !== undefined
    : view.get('Gateway', name.slice(0, slash), name.slice(slash + 1)) !== undefined
}
