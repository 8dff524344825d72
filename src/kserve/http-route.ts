import { ANY_PATH } from '../gateway-api/route-match.ts'
import { GATEWAY_GROUP } from '../istio/policy-target.ts'
import { memoizeInView } from '../state/memoize.ts'
import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { canariesOf } from './canaries.ts'
import {
  type Component,
  type ComponentKinds,
  componentsOf,
  entryOf,
  type InferenceService
} from './inference-service.ts'
import { ingressOf } from './kserve.ts'
import { ownedBy } from './owned-object.ts'
import { BY_PATH, STATUS_URL } from './public-address.ts'
import { publicationOf, standardHost } from './publication.ts'

type HttpRoute = ResourceOf<'HTTPRoute'>
type Rule = HttpRoute['spec']['rules'][number]
type Match = Rule['matches'][number]

const EXPLAIN = '^/v1/models/[\\w-]+:explain$'
const EXPLAIN_BY_PATH = '(/v1/models/[\\w-]+:explain)$'
const GRPC = '^/inference\\.GRPCInferenceService/.*$'
/** Port of the Services of components. */
const PORT = 80

/**
 * HTTPRoutes that KServe creates of a model in Standard mode: the one of the InferenceService URL, then one for each
 * component. None if it is not published by HTTPRoutes, or its host is not known.
 * @see kserve 0.20 pkg/controller/v1beta1/inferenceservice/reconcilers/ingress/httproute_reconciler.go
 */
export const predictedHttpRoutes: (view: View<ComponentKinds>, service: InferenceService) => readonly HttpRoute[] =
  memoizeInView((view, service) => {
    const { by, addresses } = publicationOf(view, service)
    const components = componentsOf(view, service)
    const entry = entryOf(components)
    if (by !== 'HTTPRoute' || addresses.length === 0 || entry === undefined) return []
    const explainer = components.find(({ name }) => name === 'explainer')
    const toRules = (component: Component) => rulesTo(view, service, component)
    const byPath = addresses.find(({ name }) => name === BY_PATH)
    const top = httpRoute(view, service, service.name, {
      hostnames: addresses.filter(({ name }) => name !== STATUS_URL).map(({ host }) => host),
      rules: [
        ...(explainer ? [ruleTo(service, explainer, PORT, [onPath(EXPLAIN)])] : []),
        ...toRules(entry),
        ...(byPath && explainer
          ? [ruleTo(service, explainer, PORT, [onPath(`${byPath.path}${EXPLAIN_BY_PATH}`)])]
          : []),
        ...(byPath ? [ruleTo(service, entry, PORT, [onPath(`${byPath.path}/`)])] : [])
      ]
    })
    const others = components.map(component => {
      const name = `${service.name}-${component.name}`
      const host = standardHost(view, service, name)
      return httpRoute(view, service, name, { hostnames: host ? [host] : [], rules: toRules(component) })
    })
    const share = (route: HttpRoute) => withCanaries(view, service, route)
    return [share(top), ...others.map(one => (one.name === `${service.name}-predictor` ? share(one) : one))]
  })

function httpRoute(
  view: View<ComponentKinds>,
  service: InferenceService,
  name: string,
  { hostnames, rules }: { readonly hostnames: readonly string[]; readonly rules: readonly Rule[] }
): HttpRoute {
  const [namespace = '', gateway = ''] = ingressOf(view).config.kserveIngressGateway.split('/')
  const unset = { sectionName: undefined, port: undefined }
  const parentRefs = [{ group: GATEWAY_GROUP, kind: 'Gateway', namespace, name: gateway, ...unset }]
  const spec = { parentRefs, hostnames: [...hostnames], rules: [...rules] }
  return { ...ownedBy(service, name, `${GATEWAY_GROUP}/v1`), kind: 'HTTPRoute', spec }
}

/** One rule, or two if the Service of the component has ports for gRPC and for other requests. */
function rulesTo(view: View<'Service'>, service: InferenceService, component: Component): readonly Rule[] {
  const ports = view.get('Service', service.namespace, component.service)?.spec.ports ?? []
  const isGrpc = ({ appProtocol, name = '' }: (typeof ports)[number]) =>
    appProtocol === 'kubernetes.io/h2c' || /grpc|h2c/i.test(name)
  const grpc = ports.find(isGrpc)
  const rest = ports.find(one => !isGrpc(one))
  if (grpc === undefined || rest === undefined) return [ruleTo(service, component, PORT, [onPath(ANY_PATH)])]
  const headers = [{ type: 'RegularExpression', name: 'content-type', value: '^application/grpc.*' }]
  return [
    ruleTo(service, component, grpc.port, [{ ...onPath(GRPC), headers }]),
    ruleTo(service, component, rest.port, [onPath(ANY_PATH)])
  ]
}

function ruleTo(
  { namespace, name }: InferenceService,
  component: Component,
  port: number,
  matches: readonly Match[]
): Rule {
  const set = [
    { name: 'KServe-Isvc-Name', value: name },
    { name: 'KServe-Isvc-Namespace', value: namespace }
  ]
  const requestHeaderModifier = { set, add: [], remove: [] }
  return {
    matches: [...matches],
    filters: [
      { type: 'RequestHeaderModifier', requestHeaderModifier, requestRedirect: undefined, urlRewrite: undefined }
    ],
    backendRefs: [{ ...backend(namespace, component), port, weight: undefined }]
  }
}

const backend = (namespace: string, { service }: Component) => ({
  group: undefined,
  kind: 'Service',
  namespace,
  name: service,
  filters: []
})

const onPath = (value: string): Match => ({
  path: { type: 'RegularExpression', value },
  headers: [],
  queryParams: [],
  method: undefined
})

/** Shares of canaries, as if all of them were ready. Rules for other components get them too. */
function withCanaries(view: View<ComponentKinds>, service: InferenceService, route: HttpRoute): HttpRoute {
  const canaries = canariesOf(view, service)
  if (canaries.length === 0) return route
  const weight = canaries.reduce((rest, { trafficPercent }) => rest - trafficPercent, 100)
  const rules = route.spec.rules.map(rule => ({
    ...rule,
    backendRefs: rule.backendRefs.flatMap(stable => [
      { ...stable, weight },
      ...canaries.map(canary => ({
        ...backend(service.namespace, canary),
        port: stable.port,
        weight: canary.trafficPercent
      }))
    ])
  }))
  return { ...route, spec: { ...route.spec, rules } }
}
