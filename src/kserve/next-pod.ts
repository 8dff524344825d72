import { TUNNEL } from '../istio/ambient.ts'
import { type InjectionKinds, nextProxy, rewritesProbes } from '../istio/injection.ts'
import { meshOf } from '../istio/mesh.ts'
import type { HttpProbe } from '../state/kinds/container.ts'
import { getOrAdd } from '../state/map.ts'
import { memoizeInView } from '../state/memoize.ts'
import type { View } from '../state/snapshot.ts'
import { captureOf, parseExcludedInboundPorts, TLS_MODE_LABEL, type Workload } from '../state/workload.ts'
import type { Labels } from '../text/selector.ts'
import {
  AUTH_PROXY_PORT,
  type Component,
  generatedLabels,
  type InferenceService,
  injectionSubject,
  METRICS_PORT,
  QUEUE_PORT,
  STANDARD_PORT
} from './inference-service.ts'

const KNATIVE_PORTS = [
  { name: 'queue-port', containerPort: QUEUE_PORT },
  { name: 'http-autometric', containerPort: METRICS_PORT },
  { name: 'http-usermetric', containerPort: 9091 },
  { name: 'http-queueadm', containerPort: 8022 }
]

/** Next pod of the component, as KServe and the injector would create it now. */
export function desiredPod(view: View<InjectionKinds>, service: InferenceService, component: Component): Workload {
  return getOrAdd(desiredPods(view, service), component, () => makePod(view, service, component))
}

const desiredPods = memoizeInView((_view: View, _service: InferenceService) => new Map<Component, Workload>())

function makePod(view: View<InjectionKinds>, service: InferenceService, component: Component): Workload {
  const subject = injectionSubject(service, component)
  const next = nextProxy(view, subject)
  return {
    namespace: service.namespace,
    name: `${component.service} (next pod)`,
    labels: {
      ...(next.proxy === 'sidecar' ? injectedLabels(view, next.revision) : {}),
      ...generatedLabels(service, component)
    },
    serviceAccount: component.serviceAccount,
    ...next,
    ...nextPorts(component),
    address: undefined,
    excludedInboundPorts: parseExcludedInboundPorts(component.annotations),
    captured: captureOf(subject),
    probes: rewritesProbes(view, component.annotations, next.revision) ? [] : knownProbes(component),
    hostNetwork: component.hostNetwork ? true : undefined,
    unknownLabels: 'generated'
  }
}

/** Labels that the injector adds, unless the pod has them. */
function injectedLabels(view: View<'ConfigMap'>, revision: string | undefined): Labels {
  return { [TLS_MODE_LABEL]: 'istio', ...(meshOf(view, { revision }).enablesHbone ? { [TUNNEL]: 'http' } : {}) }
}

/** In Knative mode, queue-proxy has the probe. */
function knownProbes({ mode, probes }: Component): readonly HttpProbe[] | undefined {
  return mode === 'Standard' && probes.length > 0 ? probes : undefined
}

/** Ports of the next pods of a component. */
export function nextPorts({ mode, authProxy, servesTls }: Component): Pick<Workload, 'ports' | 'servesTls'> {
  if (mode === 'Knative') {
    return { ports: KNATIVE_PORTS, servesTls: KNATIVE_PORTS.map(({ containerPort: port }) => ({ port, tls: false })) }
  }
  const ports = [{ name: undefined, containerPort: STANDARD_PORT }]
  if (!authProxy) return { ports, servesTls }
  return {
    ports: [...ports, { name: 'https', containerPort: AUTH_PROXY_PORT }],
    servesTls: [{ port: AUTH_PROXY_PORT, tls: true }, ...servesTls]
  }
}
