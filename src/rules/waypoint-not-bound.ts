import { type Binding, bindingOf, USE_WAYPOINT, unboundText } from '../gateway-api/waypoint.ts'
import { HBONE_PORT } from '../istio/ambient.ts'
import { GATEWAY_GROUP, WAYPOINT_CLASS } from '../istio/policy-target.ts'
import { nameOf } from '../state/resource.ts'
import { serviceHost } from '../text/host.ts'
import { findModelOf } from './lib/model-host.ts'
import { defineCheck, type Fix, type Manifest } from './lib/rule.ts'

type Unbound = Extract<Binding, { readonly is: 'unbound' }>

export default defineCheck({
  id: 'waypoint-not-bound',
  category: 'ineffective',
  mode: 'warn',
  summary: 'A label names a waypoint that does not handle the requests: they bypass it',
  symptom: 'policies, routes and telemetry of the waypoint have no effect on requests to the models',
  on: ['Namespace', 'Service'],
  reads: ['InferenceService', 'KubernetesGateway', 'GatewayClass'],
  *check(object, view) {
    if (object.labels[USE_WAYPOINT] === undefined) return
    const isNamespace = object.kind === 'Namespace'
    const namespace = isNamespace ? object.name : object.namespace
    const concernsModels = isNamespace
      ? view.list('InferenceService', namespace).length > 0
      : findModelOf(view, serviceHost(namespace, object.name, view.settings.clusterDomain)) !== undefined
    if (!concernsModels) return
    const target = isNamespace ? { namespace, labels: {} } : object
    const binding = bindingOf(view, target, 'service')
    if (binding?.is !== 'unbound') return
    // A waypoint of a namespace may be for addresses of pods only.
    if (isNamespace && bindingOf(view, target, 'workload')?.is === 'bound') return
    yield {
      field: `metadata.labels[${USE_WAYPOINT}]`,
      message: `${nameOf(object)} has no waypoint: ${unboundText(binding)}`,
      fix: FIX[binding.why](binding)
    }
  }
})

/** @see istio 1.31 istioctl/pkg/waypoint/waypoint.go (makeGateway) */
const newGateway = ({ namespace, name }: Pick<Unbound, 'namespace' | 'name'>): Manifest => ({
  apiVersion: `${GATEWAY_GROUP}/v1`,
  kind: 'Gateway',
  metadata: { name, namespace },
  spec: {
    gatewayClassName: WAYPOINT_CLASS,
    listeners: [{ name: 'mesh', port: HBONE_PORT, protocol: 'HBONE' }]
  }
})

const FIX: Readonly<Record<Unbound['why'], (binding: Unbound) => Fix>> = {
  missing: binding => ({ text: 'Create the waypoint, or remove the label', apply: [newGateway(binding)] }),
  'not-ready': ({ namespace, name }) => ({ text: `Look at the status and pods of Gateway ${namespace}/${name}` }),
  'namespace-not-allowed': ({ namespace, name }) => ({
    text: `Allow routes of the namespace on the listener of Gateway ${namespace}/${name}, with allowedRoutes`
  }),
  'other-traffic': ({ namespace, name }) => ({
    text: `Label Gateway ${namespace}/${name} istio.io/waypoint-for: all, or service`
  })
}
