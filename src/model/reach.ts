import type { ClientSide, Destination } from './client.ts'
import { appliesTo, hasRoute } from './gateway.ts'
import { type Connection, connect, connectPlainly, type HopKinds } from './hop.ts'
import type { Ref, ResourceOf } from './resource.ts'
import { hasLabels, isEmpty } from './selector.ts'
import { type Endpoint, endpointsOf, findService, isHeadless, type Service } from './service.ts'
import type { View } from './snapshot.ts'
import type { Cut, EndpointCut } from './verdict.ts'
import { isRunning, toWorkload, type Workload } from './workload.ts'

/** What a request needs of a gateway beyond the connection: a route for its host. */
export interface RouteNeed {
  /** The Gateways (`namespace/name`) that the route is bound to. */
  readonly boundTo: readonly string[]
  readonly host: string
}

/**
 * Do requests get from each client to each endpoint? The first that does not is the answer: where one pod of several
 * is out of reach, requests fail.
 */
export function findCut(
  view: View<HopKinds>,
  clients: readonly Workload[],
  destination: Destination,
  need?: RouteNeed
): Cut | undefined {
  if (destination.endpoints.length === 0) return nothingBehind(toServiceRef(destination.host))
  for (const client of clients) {
    for (const endpoint of destination.endpoints) {
      const found = toCut(connect(view, client, destination, endpoint), client, destination, need)
      if (found !== undefined) return found
    }
  }
  return undefined
}

function toCut(
  { sent, server, outcome }: Connection,
  client: Workload,
  destination: Destination,
  need: RouteNeed | undefined
): Cut | undefined {
  if (outcome.is === 'cut') return { ...outcome.refusal, client, sent, destination, server }
  const { chain } = outcome
  if (need === undefined || chain === undefined || hasRoute(chain, need.boundTo, need.host)) return undefined
  return { cause: 'no-route', ...need, destination, at: chain }
}

const nothingBehind = (address: Ref): EndpointCut => ({ cause: 'no-endpoints', address })

/** The Service that a DNS name of the cluster means, whether it exists or not. */
export function toServiceRef(host: string): Ref {
  const [name = '', namespace = ''] = host.split('.')
  return { apiVersion: 'v1', kind: 'Service', namespace, name }
}

/** A port of a Service that exists, with what stands behind it. Without any, there are no endpoints. */
export function toDestination(
  view: View<'Service' | 'Pod' | 'EndpointSlice'>,
  host: string,
  port: number,
  authority?: string
): Destination {
  const service = findService(view, host)
  const endpoints = service === undefined ? [] : gatewayEndpoints(view, service, port)
  return {
    host,
    namespace: service?.namespace ?? '',
    port,
    headless: service !== undefined && isHeadless(service),
    endpoints,
    authority
  }
}

/** The pods behind a gateway's Service; where none is seen, one as the Service would select it. */
function gatewayEndpoints(view: View<'Pod' | 'EndpointSlice'>, service: Service, number: number): readonly Endpoint[] {
  const port = service.spec.ports.find(one => one.port === number)
  if (port === undefined) return []
  const endpoints = endpointsOf(view, service, port)
  const { namespace, name, spec } = service
  if (endpoints.length > 0 || isEmpty(spec.selector) || typeof port.targetPort === 'string') return endpoints
  const workload: Workload = {
    namespace,
    name: `${name} (next pod)`,
    labels: spec.selector,
    serviceAccount: 'default',
    proxy: 'gateway',
    ports: [],
    address: undefined
  }
  return [{ workload, port: port.targetPort ?? number }]
}

/** The pods that a Gateway object is meant for. */
export function podsOfGateway(view: View<'Pod'>, gateway: ResourceOf<'Gateway'>): readonly Workload[] {
  return view
    .list('Pod')
    .filter(isRunning)
    .map(toWorkload)
    .filter(workload => workload.proxy === 'gateway' && appliesTo(gateway, workload))
}

/** The Services by which callers from outside reach pods: public ones, else those that Gateways number their ports by. */
export function entryServices(view: View<'Service'>, pods: readonly Workload[]): readonly Service[] {
  const namespaces = [...new Set(pods.map(({ namespace }) => namespace))]
  const leading = namespaces
    .flatMap(namespace => view.list('Service', namespace))
    .filter(({ spec }) => !isEmpty(spec.selector) && pods.some(({ labels }) => hasLabels(labels, spec.selector)))
  const open = leading.filter(({ spec }) => spec.type === 'LoadBalancer' || spec.type === 'NodePort')
  return open.length > 0 ? open : leading
}

/** Of the ways that do not work, the later in this list says more about why. */
const TELLING: readonly Cut['cause'][] = [
  'no-route',
  'plaintext-to-mtls-listener',
  'sni-not-served',
  'certificate-refused',
  'listener-rejected'
]

/**
 * Can a caller without a certificate of the mesh get in by any port of these Services, with or without TLS? A port
 * that only sends elsewhere does not count.
 */
export function findEntryCut(
  view: View<HopKinds>,
  services: readonly Service[],
  address: Ref,
  need: RouteNeed
): Cut | undefined {
  const cuts: Cut[] = []
  for (const { destination, endpoint, speaksTls } of waysIn(view, services)) {
    const usual = toCut(
      connectPlainly(view, speaksTls ? tlsClient(need.host) : PLAIN_CLIENT, endpoint),
      CALLER,
      destination,
      need
    )
    const other = toCut(
      connectPlainly(view, speaksTls ? PLAIN_CLIENT : tlsClient(need.host), endpoint),
      CALLER,
      destination,
      need
    )
    if (usual === undefined || other === undefined) return undefined
    cuts.push(usual)
  }
  const [told] = cuts.sort((a, b) => TELLING.indexOf(b.cause) - TELLING.indexOf(a.cause))
  return told ?? nothingBehind(address)
}

function waysIn(view: View<'Service' | 'Pod' | 'EndpointSlice'>, services: readonly Service[]) {
  return services.flatMap(({ name, namespace, spec }) =>
    spec.ports.flatMap(({ port, name: portName = '' }) => {
      const destination = toDestination(view, `${name}.${namespace}.svc.${view.settings.clusterDomain}`, port)
      // What callers speak to a port goes by its number and name; only when they are told will they try the other.
      const speaksTls = port === 443 || portName.startsWith('https')
      return destination.endpoints.map(endpoint => ({ destination, endpoint, speaksTls }))
    })
  )
}

/** A process without a sidecar, in the cluster or outside. */
export const CALLER: Workload = {
  namespace: '',
  name: 'caller',
  labels: {},
  serviceAccount: '',
  proxy: 'none',
  ports: [],
  address: undefined
}

const PLAIN_CLIENT: ClientSide = {
  send: 'plaintext',
  sni: undefined,
  accepts: [],
  reason: 'no-proxy',
  rule: undefined
}

const tlsClient = (sni: string): ClientSide => ({ ...PLAIN_CLIENT, send: 'tls', sni })
