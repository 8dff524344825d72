import { declaresTls, type PortProtocol, protocolOf } from '../kubernetes/port-protocol.ts'
import { type Endpoint, type ServicePort, targetsOf } from '../kubernetes/service.ts'
import { getOrAdd } from '../state/map.ts'
import { memoizeInView } from '../state/memoize.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import type { Tristate } from '../text/tristate.ts'
import { isAmbient } from './ambient.ts'
import { findListener, type Listener } from './gateway.ts'
import { type MtlsSetting, modeForPort, type PeerAuthentication, peerMtls } from './peer-authentication.ts'
import { strictAt } from './ztunnel-mtls.ts'

/** Server end of a connection, and the configuration that decides what it accepts. */
export type ServerSide = ApplicationServer | SidecarServer | ZtunnelServer | GatewayServer | WaypointServer

interface Server {
  readonly workload: Workload
  readonly port: number
}

/** Application that no proxy protects. */
export interface ApplicationServer extends Server {
  readonly at: 'application'
  /** Whether the application serves TLS; unknown without a sign. */
  readonly servesTls: Tristate
}

export interface SidecarServer extends Server {
  readonly at: 'sidecar'
  readonly protocol: PortProtocol
  readonly mtls: MtlsSetting
  /** Whether the application behind the sidecar serves TLS; unknown without a sign. */
  readonly servesTls: Tristate
}

/** Captured pod (ambient mode): ztunnel takes its connections. */
export interface ZtunnelServer extends Server {
  readonly at: 'ztunnel'
  /** Refuses connections without identity; absent: they are accepted. */
  readonly strict: PeerAuthentication | undefined
  /** Whether the application serves TLS; unknown without a sign. */
  readonly servesTls: Tristate
}

/** Waypoint, for requests to the Service or the pods that it serves. */
export interface WaypointServer extends Server {
  readonly at: 'waypoint'
  readonly protocol: PortProtocol
}

interface GatewayServer extends Server {
  readonly at: 'gateway'
  readonly listener: Listener | undefined
}

export type ServerKinds =
  | 'Namespace'
  | 'Gateway'
  | 'Service'
  | 'Pod'
  | 'EndpointSlice'
  | 'PeerAuthentication'
  | 'ConfigMap'

/**
 * Server side of a workload on one of its ports.
 * @see istio 1.31 pilot/pkg/networking/core/listener_inbound.go
 */
export function serverSide(view: View<ServerKinds>, { workload, port }: Endpoint): ServerSide {
  return getOrAdd(serverSides(view, workload), port, () => makeSide(view, workload, port))
}

const serverSides = memoizeInView((_view: View<ServerKinds>, _workload: Workload) => new Map<number, ServerSide>())

function makeSide(view: View<ServerKinds>, workload: Workload, port: number): ServerSide {
  if (workload.proxy !== 'gateway' && isAmbient(view, workload)) {
    const servesTls = findServesTls(workload, port, declaredAt(view, workload, port))
    return { at: 'ztunnel', workload, port, servesTls, strict: strictAt(view, workload, port) }
  }
  if (workload.proxy === 'waypoint') return { at: 'waypoint', workload, port, protocol: 'auto' }
  const isExcluded = workload.excludedInboundPorts?.includes(port) === true
  if (workload.proxy === 'gateway' && !isExcluded) {
    return { at: 'gateway', workload, port, listener: findListener(view, workload, port) }
  }
  const declared = declaredAt(view, workload, port)
  const servesTls = findServesTls(workload, port, declared)
  if (workload.proxy === 'none' || isExcluded) return { at: 'application', workload, port, servesTls }
  return {
    at: 'sidecar',
    workload,
    port,
    protocol: declared === undefined ? 'auto' : protocolOf(declared),
    servesTls,
    mtls: modeForPort(peerMtls(view, workload), port)
  }
}

function declaredAt(view: View<ServerKinds>, workload: Workload, port: number): ServicePort | undefined {
  return targetsOf(view, workload).find(({ target }) => target === port)?.port
}

/** A pod shows the protocol that its application serves; the name of a Service port only declares it. */
function findServesTls({ servesTls }: Workload, port: number, declared: ServicePort | undefined): Tristate {
  const shown = servesTls?.find(one => one.port === port)
  return shown === undefined ? declared && declaresTls(declared) : shown.tls
}
