import { toEndpoints } from './activator.ts'
import type { Destination } from './client.ts'
import { type Component, type InferenceService, STANDARD_PORT } from './inference-service.ts'
import { CALLER, findCut } from './reach.ts'
import { endpointsOf, findService, isHeadless } from './service.ts'
import type { View } from './snapshot.ts'
import type { HopName } from './verdict.ts'
import { hostOf, meshCaller, meshCallers, type PathKinds, type Way } from './way.ts'
import type { Workload } from './workload.ts'

const HTTP_PORT = 80

/**
 * The ways to a model in Standard mode: straight to its Service. Callers from outside come by an Ingress or an
 * HTTPRoute, whose proxy is not in the state.
 */
export function standardPaths(
  view: View<PathKinds>,
  service: InferenceService,
  component: Component,
  pods: readonly Workload[]
): readonly Way[] {
  const host = hostOf(view, service, component.service)
  const found = findService(view, host)
  const port = found?.spec.ports[0]
  const listed = found === undefined || port === undefined ? [] : endpointsOf(view, found, port)
  const destination: Destination = {
    host,
    namespace: service.namespace,
    port: port?.port ?? HTTP_PORT,
    headless: found !== undefined && isHeadless(found),
    endpoints: listed.length > 0 ? listed : toEndpoints(pods, STANDARD_PORT)
  }
  const call = (caller: Pick<Way, 'caller' | 'from'>, client: Workload): Way => {
    const step = () => ({
      hop: { name: 'caller->pod' as HopName, cut: findCut(view, [client], destination) },
      reached: pods
    })
    return { ...caller, entry: 'address', start: [client], steps: [step], legs: [{ leg: undefined, steps: [] }] }
  }
  return [
    ...meshCallers(view, [host]).map(client => call(meshCaller(client), client)),
    call({ caller: 'non-mesh', from: undefined }, CALLER)
  ]
}
