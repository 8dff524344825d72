import { dedupePods, toEndpoints } from '../kubernetes/dedupe-endpoints.ts'
import { podsWith } from '../kubernetes/service.ts'
import { nameOf, type Ref, type ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { captureOf, type Workload } from '../state/workload.ts'
import { serviceHost } from '../text/host.ts'
import type { Labels } from '../text/selector.ts'
import { type InputKinds, inputsOf } from './call-inputs.ts'
import type { Path } from './request-path.ts'

type LLMInferenceService = ResourceOf<'LLMInferenceService'>
export type LLMKinds = InputKinds | 'Pod' | 'LLMInferenceService'

/** One path of unknown result for each LLMInferenceService, which is not modeled. */
export function llmInferenceServicePaths(
  view: View<LLMKinds>,
  isWanted: (service: Pick<Ref, 'namespace' | 'name'>) => boolean = () => true
): readonly Path[] {
  const services = view.list('LLMInferenceService').filter(isWanted)
  return services.map(service => {
    const unknown = { reason: 'LLMInferenceServices are not modeled', inputs: inputsOfService(view, service) }
    const hops = [{ name: 'gateway->pod' as const, calls: [], failure: undefined, unknown }]
    const entry = nameOf(service)
    return { caller: 'external', from: undefined, entry, activatorMode: undefined, hops, expected: true, unknown }
  })
}

/** Suffixes of the Services of model servers and endpoint picker. */
const SERVICES = ['-kserve-workload-svc', '-epp-service']
/** Prefix of the Service that Istio creates for an InferencePool, after the name. */
const SHADOW_SERVICE = '-inference-pool-ip-'

/** @see kserve 0.20 pkg/controller/v1alpha2/llmisvc (router.go, scheduler.go, workload_single_node.go) */
function inputsOfService(view: View<LLMKinds>, service: LLMInferenceService): string {
  const { namespace, name, labels, annotations, spec } = service
  const { clusterDomain } = view.settings
  const endpoints = toEndpoints(podsOf(view, service), 0)
  const toHost = (suffix: string) => serviceHost(namespace, `${name}${suffix}`, clusterDomain)
  const shadow = view
    .destinationRulesIn(namespace)
    .flatMap(({ host }) => (host.startsWith(`${name}${SHADOW_SERVICE}`) ? host : []))
  const hosts = [...SERVICES.map(toHost), ...shadow]
  return JSON.stringify([
    labels,
    annotations,
    spec,
    ...hosts.map(host => inputsOf(view, [], { host, namespace, endpoints }))
  ])
}

const ROLES: readonly Labels[] = [
  { 'app.kubernetes.io/component': 'llminferenceservice-workload', 'kserve.io/component': 'workload' },
  { 'app.kubernetes.io/component': 'llminferenceservice-router-scheduler' }
]

/** Running pods of all roles; without running pods, those that policies would select. */
function podsOf(view: View<'Pod'>, { namespace, name, spec }: LLMInferenceService): readonly Workload[] {
  const own = { 'app.kubernetes.io/name': name, 'app.kubernetes.io/part-of': 'llminferenceservice' }
  const running = dedupePods(podsWith(view, namespace, own))
  if (running.length > 0) return running
  return ROLES.map(role => {
    const labels = { ...spec.labels, ...role, ...own }
    const captured = captureOf({ labels, annotations: spec.annotations, hostNetwork: false })
    return { namespace, name, labels, serviceAccount: '', proxy: 'none', ports: [], address: undefined, captured }
  })
}
