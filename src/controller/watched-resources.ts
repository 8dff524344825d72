import { KINDS, type Kind } from '../state/resource.ts'

/** Kinds that are read but not sent to the webhook, with the reason. All other kinds of the model are. */
export const UNWATCHED_KINDS: Readonly<Record<string, string>> = {
  Pod: 'created by controllers from objects that are evaluated; denying a pod would keep a model from starting',
  Secret: 'the guard reads no Secrets in a cluster',
  EndpointSlice: 'updated by controllers whenever a pod is created or deleted',
  MutatingWebhookConfiguration: 'the API server sends no webhook configurations to webhooks',
  ValidatingWebhookConfiguration: 'the API server sends no webhook configurations to webhooks',
  CustomResourceDefinition: 'installed with its controller; denying one would stop the upgrade of another product'
}

export interface WatchedKinds {
  /** Kinds of Istio and KServe: `failurePolicy: Fail` after a self-test. */
  readonly mesh: readonly Kind[]
  /** Kinds of Kubernetes, which most workloads depend on: always `failurePolicy: Ignore`. */
  readonly core: readonly Kind[]
}

export function watchedKinds(): WatchedKinds {
  const kinds = (Object.keys(KINDS) as Kind[]).filter(kind => !Object.hasOwn(UNWATCHED_KINDS, kind))
  return {
    mesh: kinds.filter(kind => !isKubernetes(kind)),
    core: kinds.filter(kind => isKubernetes(kind))
  }
}

const isKubernetes = (kind: Kind) => KINDS[kind].group === '' || KINDS[kind].group.endsWith('.k8s.io')
