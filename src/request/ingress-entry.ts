import type { ClientSide, Destination } from '../istio/client.ts'
import type { Call } from '../istio/request.ts'
import type { Endpoint, Service } from '../kubernetes/service.ts'
import { memoizeInView } from '../state/memoize.ts'
import type { Ref } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { serviceHost } from '../text/host.ts'
import { type CallKinds, evaluatePlaintextCall, type RouteAtGateway } from './call-result.ts'
import { NON_MESH_CLIENT } from './callers.ts'
import { type CallResults, isOk, toResults } from './evaluate-calls.ts'
import type { Failure } from './failure.ts'
import type { CallResult } from './hop.ts'
import { noEndpoints, toDestination } from './service-resolution.ts'

/** Failure causes ordered by specificity; the most specific is reported. */
const CAUSE_SPECIFICITY: readonly Failure['cause'][] = [
  'no-route',
  'network-policy-denied',
  'plaintext-to-mtls-listener',
  'sni-not-served',
  'certificate-refused',
  'listener-rejected',
  'no-identity-for-policy',
  'refused-by-policy',
  'token-never-valid',
  'provider-unknown'
]

/** Client side of a client without a sidecar that uses no TLS itself. */
export const PLAINTEXT_CLIENT: ClientSide = {
  send: 'plaintext',
  sni: undefined,
  accepts: [],
  reason: 'no-proxy',
  destinationRule: undefined
}

const tlsClient = (sni: string): ClientSide => ({ ...PLAINTEXT_CLIENT, send: 'tls', sni })

type FailedCall = CallResult & { readonly failure: Failure }

/** A denied request gets further than a connection that fails. */
const deniedFirst = (a: FailedCall, b: FailedCall) => Number('verdict' in b.failure) - Number('verdict' in a.failure)

const isFailed = (result: CallResult): result is FailedCall => result.failure !== undefined

/**
 * Tries each port of these Services, with and without TLS, as a client without an Istio workload certificate. A port that
 * only redirects does not match.
 */
export function tryIngress(
  view: View<CallKinds>,
  services: readonly Service[],
  address: Ref,
  call: Call,
  routeAt: RouteAtGateway
): CallResults {
  const failed: FailedCall[] = []
  const unknown: CallResult[] = []
  for (const { destination, endpoint, isTls } of services.flatMap(service => ingressPorts(view, service))) {
    const attempt = { client: NON_MESH_CLIENT, call, destination, endpoint, routeAt }
    const usual = evaluatePlaintextCall(view, attempt, isTls ? tlsClient(call.host) : PLAINTEXT_CLIENT)
    if (isOk(usual)) return toResults([usual])
    const other = evaluatePlaintextCall(view, attempt, isTls ? PLAINTEXT_CLIENT : tlsClient(call.host))
    if (isOk(other)) return toResults([other])
    failed.push(...[usual, other].filter(isFailed).sort(deniedFirst).slice(0, 1))
    unknown.push(...[usual, other].filter(one => one.unknown !== undefined).slice(0, 1))
  }
  const [reported] = failed.sort(
    (a, b) => CAUSE_SPECIFICITY.indexOf(b.failure.cause) - CAUSE_SPECIFICITY.indexOf(a.failure.cause)
  )
  if (unknown.length > 0) return toResults(unknown)
  return reported === undefined ? toResults([], noEndpoints(address)) : toResults([reported])
}

/** Health port of Istio proxies; it accepts no requests for models. */
const STATUS_PORT = 15_021

interface IngressPort {
  readonly destination: Destination
  readonly endpoint: Endpoint
  /** Protocol that clients try first, by number and name of the port. */
  readonly isTls: boolean
}

const ingressPorts: (view: View<'Service' | 'Pod' | 'EndpointSlice'>, service: Service) => readonly IngressPort[] =
  memoizeInView((view, { name, namespace, spec }) =>
    spec.ports.flatMap(({ port, name: portName = '' }) => {
      if (port === STATUS_PORT) return []
      const destination = toDestination(view, serviceHost(namespace, name, view.settings.clusterDomain), port)
      const isTls = port === 443 || portName.startsWith('https')
      return destination.endpoints.map(endpoint => ({ destination, endpoint, isTls }))
    })
  )
