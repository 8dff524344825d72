import { blocksWith } from '../istio/ip-blocks.ts'
import { GATEWAY_NAME } from '../istio/policy-target.ts'
import { hasDirection } from '../kubernetes/network-policy.ts'
import { getOrAdd } from '../state/map.ts'
import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { isRunning, toWorkload, type Workload } from '../state/workload.ts'
import { isBlock } from '../text/cidr.ts'
import type { Labels } from '../text/selector.ts'
import { GRAPH_LABEL } from './inference-graph.ts'

/** Running pods of one controller with the same service account and the same traits. */
export interface CallerWorkload {
  readonly namespace: string
  /** Controller of the pods; a pod without one is its own. */
  readonly kind: string
  readonly name: string
  readonly serviceAccount: string
  readonly proxy: Workload['proxy']
  /** Number of pods. */
  readonly pods: number
  /** One of the pods. */
  readonly pod: Workload
}

/** Workloads of one namespace and service account whose pods no configuration distinguishes. */
export interface CallerClass {
  /** Text of everything that distinguishes pods, besides namespace and service account. */
  readonly traits: string
  readonly workloads: readonly CallerWorkload[]
}

/** Callers are all running pods but gateways and the pods of control planes, which requests only pass. */
export function runningCallers(view: View): readonly CallerClass[] {
  const traitsOf = traitsReader(view)
  const classes = new Map<string, { readonly traits: string; readonly workloads: Map<string, CallerWorkload> }>()
  for (const pod of view.list('Pod')) {
    const workload = toWorkload(pod)
    if (!isRunning(pod) || isGateway(workload) || isControlPlane(view, workload)) continue
    const { namespace, serviceAccount, proxy } = workload
    const traits = traitsOf(workload)
    const { workloads } = getOrAdd(classes, `${namespace} ${serviceAccount} ${traits}`, () => ({
      traits,
      workloads: new Map()
    }))
    const { kind, name } = controllerOf(pod)
    const known = workloads.get(`${kind} ${name}`) ?? {
      namespace,
      kind,
      name,
      serviceAccount,
      proxy,
      pods: 0,
      pod: workload
    }
    workloads.set(`${kind} ${name}`, { ...known, pods: known.pods + 1 })
  }
  return [...classes.values()].map(({ traits, workloads }) => ({ traits, workloads: [...workloads.values()] }))
}

/** A Deployment owns its pods by a ReplicaSet, whose name ends with the hash of the pod template. */
function controllerOf({ name, owner, labels }: ResourceOf<'Pod'>): { readonly kind: string; readonly name: string } {
  const suffix = `-${labels['pod-template-hash']}`
  if (owner === undefined) return { kind: 'Pod', name }
  if (owner.kind !== 'ReplicaSet' || !owner.name.endsWith(suffix)) return owner
  return { kind: 'Deployment', name: owner.name.slice(0, -suffix.length) }
}

/** Labels of gateway pods, also of those that are not Istio's. */
const GATEWAY_LABELS = [GATEWAY_NAME, 'gateway.envoyproxy.io/owning-gateway-name']

function isGateway({ proxy, labels }: Workload): boolean {
  return proxy === 'gateway' || GATEWAY_LABELS.some(label => Object.hasOwn(labels, label))
}

/**
 * Labels of the pods of control planes.
 * @see istio 1.31 manifests/charts, knative serving 1.23 config/core/deployments, net-istio 1.22 config, kserve 0.20 config
 */
const ISTIO_APPS = ['istiod', 'ztunnel', 'istio-cni-node']
const KNATIVE_APPS = [
  'activator',
  'autoscaler',
  'autoscaler-hpa',
  'controller',
  'webhook',
  'domain-mapping',
  'domainmapping-webhook',
  'net-istio-controller',
  'net-istio-webhook'
]
const KSERVE_CONTROL_PLANES = [
  'kserve-controller-manager',
  'kserve-localmodel-controller-manager',
  'kserve-localmodelnode-agent',
  'llmisvc-controller-manager',
  'modelmesh-controller'
]

function isControlPlane({ settings }: View, { namespace, labels }: Workload): boolean {
  const { installations, knativeNamespace, kserveNamespace } = settings
  const app = labels['app'] ?? labels['k8s-app'] ?? ''
  if (namespace === knativeNamespace && KNATIVE_APPS.includes(app)) return true
  if (namespace === kserveNamespace && KSERVE_CONTROL_PLANES.includes(labels['control-plane'] ?? '')) return true
  return ISTIO_APPS.includes(app) && installations.istio.some(one => one.namespace === namespace)
}

/** Kinds that can select callers by their labels or addresses. */
type SelectingKind = 'DestinationRule' | 'Sidecar' | 'VirtualService' | 'NetworkPolicy' | 'AuthorizationPolicy'

/** Reads the traits of a pod: everything that can distinguish its requests from those of its service account. */
function traitsReader(view: View<SelectingKind>): (pod: Workload) => string {
  const words = new Set<string>()
  for (const kind of ['DestinationRule', 'Sidecar', 'VirtualService'] as const)
    for (const { spec } of view.list(kind)) addWords(words, spec)
  // The selector of a policy for incoming traffic selects no callers.
  for (const policy of view.list('NetworkPolicy'))
    addWords(words, hasDirection(policy, 'egress') ? policy.spec : [policy.spec.ingress])
  const blocks = blocksOf([...view.list('NetworkPolicy'), ...view.list('AuthorizationPolicy')])
  const labelsOf = (labels: Labels) =>
    Object.entries(labels)
      .filter(([key]) => key === GRAPH_LABEL || words.has(key))
      .map(([key, value]) => [key, key === GRAPH_LABEL || words.has(value) ? value : undefined])
  return pod => {
    // What other pods send to this one depends on the rest.
    const { namespace, serviceAccount, name, ports, excludedInboundPorts, servesTls, probes, labels, address, ...own } =
      pod
    return JSON.stringify([own, labelsOf(labels), blocksWith(blocks, address)])
  }
}

/** All addresses and blocks of addresses in these policies. */
function blocksOf(policies: readonly ResourceOf<'NetworkPolicy' | 'AuthorizationPolicy'>[]): readonly string[] {
  const words = new Set<string>()
  for (const { spec } of policies) addWords(words, spec)
  return [...words].filter(isBlock)
}

/** Adds every key and text of a value. */
function addWords(words: Set<string>, value: unknown): void {
  if (typeof value === 'string') words.add(value)
  else if (typeof value === 'object' && value !== null)
    for (const [key, inner] of Object.entries(value)) {
      words.add(key)
      addWords(words, inner)
    }
}
