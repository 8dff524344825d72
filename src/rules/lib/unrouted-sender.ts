import { clientSide, type Destination } from '../../istio/client.ts'
import { scopeOf } from '../../istio/sidecar.ts'
import { systemPods } from '../../knative/knative.ts'
import type { PathKinds } from '../../request/caller.ts'
import { GRAPH_LABEL } from '../../request/inference-graph.ts'
import { nameOf, type ResourceOf, toRef } from '../../state/resource.ts'
import type { View } from '../../state/snapshot.ts'
import type { Workload } from '../../state/workload.ts'
import { hostName } from './message-parts.ts'
import type { AttributedProblem, FailureOf, Manifest } from './rule.ts'
import { updatedManifest } from './updated-manifest.ts'

/**
 * The Sidecar or InferenceGraph that makes a pod send plaintext to a gateway. None if the pod would send plaintext as well
 * with a sidecar that imports the gateway.
 */
export function senderProblem(
  { unrouted, destination, server }: FailureOf<'plaintext-to-mtls-listener'>,
  view: View<PathKinds>
): AttributedProblem | undefined {
  if (unrouted === undefined || server.at !== 'gateway') return undefined
  const { pod, host } = unrouted
  const routed = clientSide(view, { ...pod, proxy: 'sidecar' }, destination, server)
  if (routed.send !== 'istio-mtls') return undefined
  const graph = graphOf(view, pod)
  if (graph !== undefined) return graphProblem(graph, hostName(destination))
  const { by } = scopeOf(view, pod)
  if (by === undefined || pod.proxy === 'none') return undefined
  const [, namespace = destination.namespace] = host.split('.')
  return notImported(by, destination, [...new Set([destination.namespace, namespace])])
}

/** The Sidecar that makes the activator or the autoscaler send plaintext to pods. */
export function systemPodProblem(
  { client, destination }: FailureOf<'plaintext-to-strict-workload'>,
  view: View<PathKinds>
): AttributedProblem | undefined {
  const pods = (['activator', 'autoscaler'] as const).flatMap(app => systemPods(view, app))
  const pod = pods.find(({ namespace, name }) => namespace === client.namespace && name === client.name)
  if (pod === undefined || pod.proxy === 'none') return undefined
  const { by, imports } = scopeOf(view, pod)
  const { host, namespace, port } = destination
  if (by === undefined || imports({ host, namespace, ports: [port] })) return undefined
  return notImported(by, destination, [namespace])
}

function notImported(
  sidecar: ResourceOf<'Sidecar'>,
  destination: Destination,
  namespaces: readonly string[]
): AttributedProblem {
  const hosts = namespaces.map(one => `${one}/*`)
  return {
    object: toRef(sidecar),
    field: 'spec.egress',
    message: `${nameOf(sidecar)} does not import ${hostName(destination)}, so clients send plaintext to a TLS port`,
    fix: {
      text: `Add ${hosts.join(' and ')} to the egress hosts of ${nameOf(sidecar)}`,
      apply: [importing(sidecar, hosts)]
    }
  }
}

/** InferenceGraph of a router pod without a sidecar. */
export function graphOf(
  view: View<'InferenceGraph'>,
  { namespace, labels, proxy }: Workload
): ResourceOf<'InferenceGraph'> | undefined {
  return proxy === 'none' ? view.get('InferenceGraph', namespace, labels[GRAPH_LABEL] ?? '') : undefined
}

/** @param host that accepts only TLS */
export function graphProblem(graph: ResourceOf<'InferenceGraph'>, host: string): AttributedProblem {
  return {
    object: toRef(graph),
    field: 'metadata.labels',
    message: `${nameOf(graph)} has no sidecar and sends plaintext to ${host}, which accepts only TLS`,
    fix: {
      text:
        `Set label sidecar.istio.io/inject: "true" on ${nameOf(graph)}, remove an annotation of that name, ` +
        'and restart its router pods'
    }
  }
}

/** The Sidecar with additional hosts, for all ports. */
export function importing(sidecar: ResourceOf<'Sidecar'>, hosts: readonly string[]): Manifest {
  const { egress } = sidecar.spec
  const at = egress.findIndex(({ port }) => port === undefined)
  const extended = egress.map((one, index) => (index === at ? { ...one, hosts: [...one.hosts, ...hosts] } : one))
  return updatedManifest(sidecar, { spec: { ...sidecar.spec, egress: at < 0 ? [...egress, { hosts }] : extended } })
}
