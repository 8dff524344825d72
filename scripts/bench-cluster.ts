import { join } from 'node:path'
import { readFiles } from '../src/sources/files.ts'

const examples = join(import.meta.dirname, '../examples/cluster')

/**
 * The installation of examples/cluster with additional InferenceServices, a hundred per namespace. Each has a pod, the
 * Services and VirtualServices of KServe and Knative, and unique labels. Every third namespace is in
 * ambient mode, with models in Standard mode.
 */
export function makeObjects(models: number): readonly object[] {
  const stock = readFiles([examples]).map(({ object }) => object as object)
  const made = Array.from({ length: models }, (_, i) =>
    makeModel(`team-${Math.floor(i / PER_NAMESPACE)}`, `model-${i}`, i)
  )
  const namespaces = Array.from({ length: namespaceCount(models) }, (_, i) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: `team-${i}`,
      labels: {
        ...(isAmbient(i) ? { 'istio.io/dataplane-mode': 'ambient' } : { 'istio-injection': 'enabled' }),
        'kubernetes.io/metadata.name': `team-${i}`
      }
    }
  }))
  return [...stock, ...namespaces, ...made.flat()]
}

const PER_NAMESPACE = 100
/** True if the pods of a namespace have no sidecars, and ztunnel captures them. */
const isAmbient = (namespace: number) => namespace % 3 === 2
/** Number of namespaces for a number of models. */
export const namespaceCount = (models: number) => Math.ceil(models / PER_NAMESPACE)
/** Variants of models that have different paths: burst capacity, deployment mode, minReplicas. */
const VARIANTS = 4

function makeModel(namespace: string, name: string, i: number): readonly object[] {
  const kind = i % VARIANTS
  const ambient = isAmbient(Math.floor(i / PER_NAMESPACE))
  const revision = `${name}-predictor-00001`
  const labels = { app: revision, 'serving.kserve.io/inferenceservice': name, component: 'predictor', team: `t${i}` }
  const annotations = {
    ...(kind === 1 && !ambient ? { 'autoscaling.knative.dev/targetBurstCapacity': '0' } : {}),
    ...(kind === 2 || ambient ? { 'serving.kserve.io/deploymentMode': 'Standard' } : {}),
    contact: `someone-${i}@example.com`
  }
  const model = { modelFormat: { name: 'sklearn' } }
  return [
    {
      apiVersion: 'serving.kserve.io/v1beta1',
      kind: 'InferenceService',
      metadata: { namespace, name, annotations, labels: { team: `t${i}` }, creationTimestamp: '2026-01-01T00:00:00Z' },
      spec: { predictor: { model, minReplicas: kind === 3 ? 0 : 1 } },
      status: { components: { predictor: { latestReadyRevision: revision } } }
    },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        namespace,
        name: `${revision}-deployment-0`,
        labels: {
          ...labels,
          ...(ambient ? {} : { 'security.istio.io/tlsMode': 'istio' }),
          'serving.knative.dev/revision': revision
        },
        annotations: ambient ? { 'ambient.istio.io/redirection': 'enabled' } : {}
      },
      spec: {
        serviceAccountName: 'default',
        containers: [...(ambient ? [] : [{ name: 'istio-proxy', args: ['proxy', 'sidecar'] }]), { name: 'queue-proxy' }]
      },
      status: { podIP: `10.${Math.floor(i / 65_536)}.${Math.floor(i / 256) % 256}.${i % 256}`, phase: 'Running' }
    },
    ...['', '-private'].map(suffix => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { namespace, name: `${revision}${suffix}` },
      spec: {
        ...(suffix === '' ? {} : { selector: { 'serving.knative.dev/revision': revision } }),
        ports: [{ name: 'http', port: 80, targetPort: 8012 }]
      }
    })),
    ...makeVirtualServices(namespace, name, revision)
  ]
}

/** VirtualServices that net-istio creates for the predictor; the one for sidecars without routes. */
function makeVirtualServices(namespace: string, name: string, revision: string): readonly object[] {
  const owner = { apiVersion: 'networking.internal.knative.dev/v1alpha1', kind: 'Ingress', name, controller: true }
  const destination = { host: `${revision}.${namespace}.svc.cluster.local`, port: { number: 80 } }
  const set = { 'Knative-Serving-Namespace': namespace, 'Knative-Serving-Revision': revision }
  const http = [{ route: [{ destination, headers: { request: { set } } }] }]
  const hosts = [`${name}-predictor.${namespace}.svc.cluster.local`]
  return Object.entries({
    ingress: { hosts, gateways: ['knative-serving/knative-local-gateway'], http },
    mesh: { hosts, gateways: ['mesh'] }
  }).map(([suffix, spec]) => ({
    apiVersion: 'networking.istio.io/v1beta1',
    kind: 'VirtualService',
    metadata: { namespace, name: `${name}-predictor-${suffix}`, ownerReferences: [owner] },
    spec
  }))
}
