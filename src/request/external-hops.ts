import { applyFilters } from '../gateway-api/filters.ts'
import { isGranted } from '../gateway-api/reference-grant.ts'
import type { Backend, RouteEntry } from '../gateway-api/route-match.ts'
import type { Destination } from '../istio/client.ts'
import { resolvePort } from '../istio/gateway-servers.ts'
import type { Call } from '../istio/request.ts'
import { canariesOf } from '../kserve/canaries.ts'
import type { Component, InferenceService } from '../kserve/inference-service.ts'
import { dedupeEndpoints } from '../kubernetes/dedupe-endpoints.ts'
import { endpointsOf, findService, isHeadless, targetsOf } from '../kubernetes/service.ts'
import { nameOf, toRef } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { serviceHost } from '../text/host.ts'
import { inputsOf } from './call-inputs.ts'
import { evaluateNonIstioListener } from './call-result.ts'
import type { PathKinds } from './caller.ts'
import { NON_MESH_CLIENT } from './callers.ts'
import { forwardCall, toResults } from './evaluate-calls.ts'
import type { Hop, Unevaluated } from './hop.ts'
import { type HopEvaluator, hopTo } from './hop-sequence.ts'
import { PLAINTEXT_CLIENT } from './ingress-entry.ts'
import type { BackendInvalid } from './route-failure.ts'
import type { ExternalRoute } from './route-selection.ts'

/** Hop of an external client to the gateway of a model in Standard mode; the request goes on as the route changes it. */
export function enterGateway(view: View<PathKinds>, destination: Destination, route: ExternalRoute): HopEvaluator {
  const { pods, port: servicePort, routing, unevaluated: caveats } = route
  return ({ call }) => {
    const calls = pods.map(workload => {
      const endpoint = { workload, port: resolvePort(targetsOf(view, workload), servicePort) }
      return evaluateNonIstioListener(
        view,
        { client: NON_MESH_CLIENT, call, destination: { ...destination, endpoints: [endpoint] }, endpoint },
        PLAINTEXT_CLIENT
      )
    })
    const results = toResults(calls)
    const failure = results.failure ?? (routing.is === 'failed' ? routing.failure : undefined)
    const unevaluated = [...results.unevaluated, ...caveats]
    const unknown =
      failure === undefined && routing.is === 'unknown'
        ? { reason: routing.reason, inputs: routing.inputs }
        : results.unknown
    const forwarded = routing.is === 'routed' ? asRouted(routing.entry, call) : call
    return {
      hop: { name: 'caller->ingress-gateway', ...results, failure, unknown, unevaluated },
      next: { at: pods, call: forwardCall(view, pods, forwarded) }
    }
  }
}

function asRouted({ filters, match }: RouteEntry, call: Call): Call {
  return applyFilters(filters, match, call).call
}

/** Component that a path is for, with its Service. */
interface Served {
  readonly component: Component
  readonly destination: Destination
}

/** Hop of a gateway to each backend of its route; the first that is blocked or not known is the result. */
export function hopToBackends(
  view: View<PathKinds>,
  service: InferenceService,
  { routing }: ExternalRoute,
  served: Served
): HopEvaluator {
  const own = hopTo(view, 'gateway->pod', served.destination)
  if (routing.is !== 'routed') return own
  const canaries = canariesOf(view, service).map(one => one.service)
  const { entry } = routing
  if (canaries.includes(served.component.service)) return own
  const stable = entry.backends.filter(({ name }) => !canaries.includes(name))
  const backends = stable.length > 0 ? stable : entry.backends
  if (backends.length === 0) return blockedHop(invalid(entry, 'none', undefined))
  const [first, ...others] = backends.map(backend => hopToBackend(view, service, entry, backend, served.destination))
  return request => {
    let result = (first as HopEvaluator)(request)
    for (const other of others) if (isOpen(result.hop)) result = other(request)
    return result
  }
}

const isOpen = ({ failure, unknown }: Hop) => failure === undefined && unknown === undefined

function hopToBackend(
  view: View<PathKinds>,
  service: InferenceService,
  entry: RouteEntry,
  backend: Backend,
  own: Destination
): HopEvaluator {
  const { object } = entry
  const host = serviceHost(backend.namespace, backend.name, view.settings.clusterDomain)
  const found = findService(view, host)
  const port = found?.spec.ports.find(({ port, name }) => port === backend.port || name === backend.port)
  if (object.kind === 'HTTPRoute' && !isGranted(view, object.namespace, backend))
    return blockedHop(invalid(entry, 'not-granted', backend))
  // KServe creates the Service of a component, and names its port in the route that it creates.
  if (host === own.host && (found === undefined || !isLive(view, object) || port?.port === own.port))
    return hopTo(view, 'gateway->pod', own)
  if (found === undefined) return blockedHop(invalid(entry, 'no-service', backend))
  if (port === undefined) return blockedHop(invalid(entry, 'no-port', backend))
  const endpoints = dedupeEndpoints(endpointsOf(view, found, port))
  const destination = { host, namespace: found.namespace, port: port.port, headless: isHeadless(found), endpoints }
  const isOfModel = endpoints.some(
    ({ workload: { namespace, labels } }) =>
      namespace === service.namespace && labels['serving.kserve.io/inferenceservice'] === service.name
  )
  if (host === own.host || isOfModel) return hopTo(view, 'gateway->pod', destination)
  const reason = `${nameOf(object)} routes to Service ${backend.namespace}/${backend.name}, which has no pods of the model`
  return unknownHop({ reason, inputs: inputsOf(view, [], destination) })
}

function isLive(view: View<PathKinds>, { kind, namespace, name }: RouteEntry['object']): boolean {
  return view.get(kind, namespace, name) !== undefined
}

const invalid = (
  { object, field }: RouteEntry,
  reason: BackendInvalid['reason'],
  backend: Backend | undefined
): BackendInvalid => ({ cause: 'backend-invalid', route: toRef(object), field, reason, backend })

const blockedHop = (failure: BackendInvalid): HopEvaluator => hopWith({ failure })
const unknownHop = (unknown: Unevaluated): HopEvaluator => hopWith({ failure: undefined, unknown })

function hopWith(result: Pick<Hop, 'failure' | 'unknown'>): HopEvaluator {
  return next => ({ hop: { name: 'gateway->pod', calls: [], ...result }, next })
}
