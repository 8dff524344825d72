import type { RouteNotAccepted } from '../request/route-failure.ts'
import { apiNameOf, nameOf, type Ref, toRef } from '../state/resource.ts'
import { type AttributedProblem, defineFailure, type Manifest } from './lib/rule.ts'
import { updatedManifest } from './lib/updated-manifest.ts'

export default defineFailure({
  id: 'httproute-not-accepted',
  cause: 'route-not-accepted',
  summary: 'No listener of a Gateway API Gateway accepts the HTTPRoute of a model',
  symptom: '404 `NR`; the HTTPRoute has condition `Accepted: False` (`NotAllowedByListeners`)',
  explain(failure, _view, changed) {
    const { gateway, route, refusal, listener, host } = failure
    const name = `Gateway ${gateway.namespace}/${gateway.name}`
    const field = listener === undefined ? 'spec.listeners' : `spec.listeners[${listener}]`
    const object = { ...toRef(gateway), kind: apiNameOf(gateway.kind) }
    switch (refusal) {
      case 'namespace':
        return ofNamespace(failure, object, field, changed)
      case 'hostname':
        return {
          object,
          field: `${field}.hostname`,
          message: `no listener of ${name} serves ${host}`,
          fix: { text: `Cover ${host} by the hostname of a listener` }
        }
      case 'kind':
        return {
          object,
          field: `${field}.allowedRoutes.kinds`,
          message: `${name} accepts no HTTPRoutes`,
          fix: { text: 'Add HTTPRoute to the kinds, or remove the list' }
        }
      default:
        return {
          object,
          field,
          message: `${name} has no HTTP or HTTPS listener that ${nameOf(route)} names`,
          fix: { text: `Keep a listener with protocol HTTP or HTTPS for ${nameOf(route)}` }
        }
    }
  }
})

/** The namespace of the route is at fault if its labels changed. */
function ofNamespace(
  { gateway, route, listener = 0 }: RouteNotAccepted,
  object: Ref,
  field: string,
  changed: Ref | undefined
): AttributedProblem {
  const name = `Gateway ${gateway.namespace}/${gateway.name}`
  const message = `${name} accepts no HTTPRoutes of namespace ${route.namespace}`
  const namespaces = gateway.spec.listeners[listener]?.allowedRoutes?.namespaces
  if (namespaces?.from === 'Selector') {
    const isOwn = changed?.kind === 'Namespace' && changed.name === route.namespace
    return {
      object: isOwn ? toRef(changed) : object,
      field: isOwn ? 'metadata.labels' : `${field}.allowedRoutes.namespaces.selector`,
      message,
      fix: { text: `Let the selector of ${name} match the labels of namespace ${route.namespace}` }
    }
  }
  return {
    object,
    field: `${field}.allowedRoutes.namespaces.from`,
    message,
    fix: {
      text: 'Set from to All, or to Selector with the labels of the namespaces',
      apply: [acceptingAll(gateway, listener)]
    }
  }
}

function acceptingAll(gateway: RouteNotAccepted['gateway'], index: number): Manifest {
  const listeners = gateway.spec.listeners.map((one, i) =>
    i === index ? { ...one, allowedRoutes: { ...one.allowedRoutes, namespaces: { from: 'All' } } } : one
  )
  return updatedManifest(gateway, { spec: { ...gateway.spec, listeners } })
}
