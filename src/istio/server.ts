import { type Endpoint, type PortProtocol, protocolOf, targetsOf } from '../kubernetes/service.ts'
import { getOrAdd } from '../state/map.ts'
import { memoizeInView } from '../state/memoize.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import { findListener, type Listener } from './gateway.ts'
import { type MtlsSetting, modeForPort, peerMtls } from './peer-authentication.ts'

/** Server end of a connection, and the configuration that decides what it accepts. */
export type ServerSide =
  | { readonly at: 'application'; readonly workload: Workload }
  | {
      readonly at: 'sidecar'
      readonly workload: Workload
      readonly port: number
      readonly protocol: PortProtocol
      readonly mtls: MtlsSetting
    }
  | {
      readonly at: 'gateway'
      readonly workload: Workload
      readonly port: number
      readonly listener: Listener | undefined
    }

export type ServerKinds = 'Gateway' | 'Service' | 'Pod' | 'EndpointSlice' | 'PeerAuthentication' | 'ConfigMap'

/**
 * Server side of a workload on one of its ports.
 * @see istio 1.31 pilot/pkg/networking/core/listener_inbound.go
 */
export function serverSide(view: View<ServerKinds>, { workload, port }: Endpoint): ServerSide {
  return getOrAdd(serverSides(view, workload), port, () => makeSide(view, workload, port))
}

const serverSides = memoizeInView((_view: View<ServerKinds>, _workload: Workload) => new Map<number, ServerSide>())

function makeSide(view: View<ServerKinds>, workload: Workload, port: number): ServerSide {
  const isExcluded = workload.excludedInboundPorts?.includes(port) === true
  if (workload.proxy === 'none' || isExcluded) return { at: 'application', workload }
  if (workload.proxy === 'gateway') {
    return { at: 'gateway', workload, port, listener: findListener(view, workload, port) }
  }
  const declared = targetsOf(view, workload).find(({ target }) => target === port)
  return {
    at: 'sidecar',
    workload,
    port,
    protocol: declared === undefined ? 'auto' : protocolOf(declared.port),
    mtls: modeForPort(peerMtls(view, workload), port)
  }
}
