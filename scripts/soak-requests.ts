import { HOSTILE_INPUTS, toJson } from '../test/support/hostile-inputs.ts'
import { review } from '../test/support/hostile-play.ts'
import type { SoakRequest } from './soak-assertions.ts'

interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly spec?: object
}

const object = (apiVersion: string, kind: string, namespace: string, name: string, spec: object): Manifest => ({
  apiVersion,
  kind,
  metadata: { namespace, name },
  spec
})

function createRequest(
  name: string,
  manifest: Manifest,
  more: Partial<SoakRequest> & { readonly operation?: string }
): SoakRequest {
  const { operation = 'CREATE', expected = 'allowed', path = '/validate' } = more
  const { apiVersion, kind, metadata } = manifest
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion]
  const [before, after] = operation === 'DELETE' ? [manifest, null] : [null, manifest]
  const request = {
    uid: name,
    kind: { group, version, kind },
    ...metadata,
    operation,
    object: after,
    oldObject: before
  }
  const body = JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request })
  return { name, path, body, expected }
}

const ISTIO = 'networking.istio.io/v1'
const SECURITY = 'security.istio.io/v1'
const strict = object(SECURITY, 'PeerAuthentication', 'istio-system', 'default', { mtls: { mode: 'STRICT' } })
const mtls = object(ISTIO, 'DestinationRule', 'istio-system', 'mtls', {
  host: '*.local',
  trafficPolicy: { tls: { mode: 'ISTIO_MUTUAL' } }
})
const other = object(ISTIO, 'DestinationRule', 'user1', 'other', {
  host: 'other.user1.svc.cluster.local',
  trafficPolicy: { loadBalancer: { simple: 'RANDOM' } }
})
const plain = object(ISTIO, 'DestinationRule', 'user1', 'plain', {
  host: '*.user1.svc.cluster.local',
  trafficPolicy: { tls: { mode: 'DISABLE' } }
})
const model = object('serving.kserve.io/v1beta1', 'InferenceService', 'user1', 'new', {
  predictor: { model: { modelFormat: { name: 'sklearn' } } }
})
const gateway = object('v1', 'Service', 'istio-system', 'knative-local-gateway', {
  selector: { istio: 'ingressgateway' },
  ports: [{ name: 'http2', port: 80, targetPort: 8081 }]
})

/** Changes to examples/cluster whose decisions do not depend on the injected changes. */
export const REQUESTS: readonly SoakRequest[] = [
  createRequest('mesh-wide STRICT', strict, { expected: 'denied' }),
  createRequest('mTLS to the plaintext gateway', mtls, { expected: 'denied' }),
  createRequest(
    'AuthorizationPolicy that allows nothing',
    object(SECURITY, 'AuthorizationPolicy', 'user1', 'allow-nothing', {}),
    {
      expected: 'denied'
    }
  ),
  createRequest('deletion of the local gateway Service', gateway, { operation: 'DELETE', expected: 'denied' }),
  createRequest('empty Sidecar', object(ISTIO, 'Sidecar', 'user1', 'harmless', {}), {}),
  createRequest('DestinationRule for another host', other, {}),
  createRequest('new model', model, {}),
  createRequest('mutation of a new model', model, { path: '/mutate' })
]

/** DestinationRule with plaintext to the models; denied only if user1 is STRICT. */
export const plaintext = (isStrict: boolean): SoakRequest =>
  createRequest('plaintext to the models', plain, { expected: isStrict ? 'denied' : 'allowed' })

/** Hostile changes, created on demand because they are large. */
export const HOSTILE_REQUESTS: readonly (() => SoakRequest)[] = HOSTILE_INPUTS.flatMap(row =>
  (['/validate', '/mutate'] as const).map(path => () => ({
    ...review(toJson(row), path, 'CREATE'),
    name: row.name,
    expected: 'answered' as const
  }))
)
