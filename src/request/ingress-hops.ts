import { publicHost } from '../knative/knative.ts'
import type { InferenceService } from '../kserve/inference-service.ts'
import { findService, HTTP_PORT } from '../kubernetes/service.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import type { RequiredRoute } from './call-result.ts'
import type { InFlightRequest, PathKinds } from './caller.ts'
import { type CallResults, forwardCall } from './evaluate-calls.ts'
import type { HopName } from './hop.ts'
import { tryIngress } from './ingress-entry.ts'
import type { HopEvaluator } from './request-path.ts'
import { entryServices, podsOfGateway, toDestination, toServiceRef } from './service-resolution.ts'

const VISIBILITY = 'networking.knative.dev/visibility'
/** External path by any public port of the Gateway (`namespace/name`); none if the model is not published. */
export function publicPath(
  view: View<PathKinds>,
  { namespace, labels }: InferenceService,
  shown: string,
  gateway: string | undefined
): readonly { readonly host: string; readonly step: HopEvaluator }[] {
  const published = labels[VISIBILITY] === 'cluster-local' ? undefined : publicHost(view, shown, namespace)
  if (published === undefined || gateway === undefined) return []
  if ('unknownReason' in published) return [{ host: '', step: unknownHop(published.unknownReason) }]
  const [gatewayNamespace = '', name = ''] = gateway.split('/')
  const found = view.get('Gateway', gatewayNamespace, name)
  const pods = found === undefined ? [] : podsOfGateway(view, found)
  const services = entryServices(view, pods)
  const address = { apiVersion: 'networking.istio.io/v1beta1', kind: 'Gateway', namespace: gatewayNamespace, name }
  const { host } = published
  const requiredRoute = { boundTo: [gateway], host }
  return [
    {
      host,
      step: hopThrough(view, 'caller->ingress-gateway', pods, ({ call }) =>
        tryIngress(view, services, address, call, requiredRoute)
      )
    }
  ]
}

/** Hop of a client without a matching route in a sidecar, to the gateway that the host resolves to. */
export function hopToLocalGateway(view: View<PathKinds>, address: string, requiredRoute: RequiredRoute): HopEvaluator {
  const found = findService(view, address)
  const port = found?.spec.ports[0]?.port ?? HTTP_PORT
  const pods = toDestination(view, address, port).endpoints.map(({ workload }) => workload)
  const services = found === undefined ? [] : [found]
  return hopThrough(view, 'caller->local-gateway', pods, ({ call }) =>
    tryIngress(view, services, toServiceRef(address), call, requiredRoute)
  )
}

function unknownHop(reason: string): HopEvaluator {
  return ({ call }) => ({
    hop: { name: 'caller->ingress-gateway', calls: [], failure: undefined, unknown: { reason, inputs: '' } },
    next: { at: [], call }
  })
}

function hopThrough(
  view: View<PathKinds>,
  name: HopName,
  at: readonly Workload[],
  enter: (request: InFlightRequest) => CallResults
): HopEvaluator {
  return request => ({ hop: { name, ...enter(request) }, next: { at, call: forwardCall(view, at, request.call) } })
}
