import { type PassageKinds, passPlainly, type RouteNeed } from './call-result.ts'
import { CALLER } from './callers.ts'
import type { ClientSide, Destination } from './client.ts'
import type { Cut, Passage } from './hop.ts'
import { serviceHost } from './host.ts'
import { rememberIn } from './memoize.ts'
import type { Call } from './request.ts'
import { nothingBehind } from './request-path.ts'
import type { Ref } from './resource.ts'
import type { Endpoint, Service } from './service.ts'
import { toDestination } from './service-resolution.ts'
import type { View } from './snapshot.ts'

/** Of the ways that do not work, the later in this list says more about why. */
const TELLING: readonly Cut['cause'][] = [
  'no-route',
  'plaintext-to-mtls-listener',
  'sni-not-served',
  'certificate-refused',
  'listener-rejected',
  'no-identity-for-policy',
  'refused-by-policy',
  'token-never-valid',
  'provider-unknown'
]

/** What a caller without a proxy sends, when it does not speak TLS itself. */
export const PLAIN_CLIENT: ClientSide = {
  send: 'plaintext',
  sni: undefined,
  accepts: [],
  reason: 'no-proxy',
  rule: undefined
}

const tlsClient = (sni: string): ClientSide => ({ ...PLAIN_CLIENT, send: 'tls', sni })

export interface Entered {
  readonly passages: readonly Passage[]
  readonly cut: Cut | undefined
}

/**
 * Can a caller without a certificate of the mesh get in by any port of these Services, with or without TLS? A port
 * that only sends elsewhere does not count.
 */
export function enter(
  view: View<PassageKinds>,
  services: readonly Service[],
  address: Ref,
  call: Call,
  need: RouteNeed
): Entered {
  const closed: { readonly passage: Passage; readonly cut: Cut }[] = []
  for (const { destination, endpoint, speaksTls } of services.flatMap(service => waysIn(view, service))) {
    const attempt = { client: CALLER, call, destination, endpoint, need }
    const withTls = () => passPlainly(view, attempt, tlsClient(need.host))
    const without = () => passPlainly(view, attempt, PLAIN_CLIENT)
    const usual = speaksTls ? withTls() : without()
    if (usual.cut === undefined) return { passages: [usual], cut: undefined }
    const other = speaksTls ? without() : withTls()
    if (other.cut === undefined) return { passages: [other], cut: undefined }
    closed.push({ passage: usual, cut: usual.cut })
  }
  const [told] = closed.sort((a, b) => TELLING.indexOf(b.cut.cause) - TELLING.indexOf(a.cut.cause))
  return told === undefined
    ? { passages: [], cut: nothingBehind(address) }
    : { passages: [told.passage], cut: told.cut }
}

/** Where Istio's proxies say how they fare; no request enters there. */
const STATUS_PORT = 15_021

interface WayIn {
  readonly destination: Destination
  readonly endpoint: Endpoint
  /** What callers speak to a port goes by its number and name; only when they are told will they try the other. */
  readonly speaksTls: boolean
}

const waysIn: (view: View<'Service' | 'Pod' | 'EndpointSlice'>, service: Service) => readonly WayIn[] = rememberIn(
  (view, { name, namespace, spec }) =>
    spec.ports.flatMap(({ port, name: portName = '' }) => {
      if (port === STATUS_PORT) return []
      const destination = toDestination(view, serviceHost(namespace, name, view.settings.clusterDomain), port)
      const speaksTls = port === 443 || portName.startsWith('https')
      return destination.endpoints.map(endpoint => ({ destination, endpoint, speaksTls }))
    })
)
