import type { RouteEntry } from '../gateway-api/route-match.ts'
import type { Component, InferenceService } from '../kserve/inference-service.ts'
import { publicationOf } from '../kserve/publication.ts'
import type { PathKinds } from '../request/caller.ts'
import { externalRoutes } from '../request/external-route.ts'
import type { Failure } from '../request/failure.ts'
import type { Routing } from '../request/route-selection.ts'
import { toRef } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'

/** Headers with the names of the model that KServe's HTTPRoutes set. */
const MODEL_HEADERS = /^kserve-isvc-(name|namespace)$/i

/** How external requests reach a model in Standard mode, without its names. */
export function externalAttributes(
  view: View<PathKinds>,
  service: InferenceService,
  components: readonly Component[]
): readonly unknown[] {
  const { by } = publicationOf(view, service)
  if (by !== 'HTTPRoute' && by !== 'Ingress') return []
  const names = components.map(one => one.service)
  return [...externalRoutes(view, service)].map(([name, { pods, port, routing, unevaluated }]) => [
    name,
    pods.map(pod => [pod.namespace, pod.name]),
    port,
    describeRouting(view, service, names, routing),
    unevaluated
  ])
}

function describeRouting(
  view: View<PathKinds>,
  service: InferenceService,
  names: readonly string[],
  routing: Routing
): readonly unknown[] {
  const isOwn = ({ namespace, name }: { readonly namespace: string; readonly name: string }) =>
    namespace === service.namespace && name === service.name
  if (routing.is === 'unknown') return [routing.reason, routing.inputs]
  if (routing.is === 'failed') return describeFailure(routing.failure, service)
  const { object, rule, match, filters, backends } = routing.entry
  const { kind, namespace, name } = object
  // Other Services, and a path that ends with the name of the model, are compared as they are.
  const isPlain =
    backends.every(one => one.namespace === service.namespace && names.includes(one.name)) &&
    filters.every(({ urlRewrite }) => urlRewrite?.path === undefined)
  return [
    isPlain ? '' : [service.namespace, service.name],
    kind,
    isOwn(object) ? '@' : [namespace, name],
    view.get(kind, namespace, name) === undefined,
    rule,
    match,
    filters.map(one => describeFilter(one, service)),
    backends.map(one => [isPlain ? names.indexOf(one.name) : one, one.port])
  ]
}

/** A finding for a Gateway names the namespace of the route, others their route. */
function describeFailure(failure: Failure, { namespace, name }: InferenceService): readonly unknown[] {
  if (failure.cause === 'no-endpoints') return [failure.cause, failure.address]
  if (failure.cause !== 'route-not-accepted') return [failure.cause, namespace, name]
  const { gateway, refusal, listener } = failure
  const isAboutRoute = refusal === 'section' || refusal === 'protocol' || refusal === 'hostname'
  return [failure.cause, toRef(gateway), refusal, listener, namespace, isAboutRoute ? name : '']
}

function describeFilter(
  { requestHeaderModifier, ...others }: RouteEntry['filters'][number],
  { name, namespace }: InferenceService
): readonly unknown[] {
  const set = requestHeaderModifier?.set.map(one => {
    const own = one.value === name ? '@' : one.value === namespace ? '%' : one.value
    return [one.name, MODEL_HEADERS.test(one.name) ? own : one.value]
  })
  return [others, requestHeaderModifier?.add, requestHeaderModifier?.remove, set]
}
