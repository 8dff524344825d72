import { HOSTILE_INPUTS, toJson } from '../test/support/hostile-inputs.ts'
import { review } from '../test/support/hostile-play.ts'
import type { Question } from './soak-assertions.ts'

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

function ask(name: string, manifest: Manifest, more: Partial<Question> & { readonly operation?: string }): Question {
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

/** Changes to the cluster of examples/cluster whose answers depend on nothing that changes while it is soaked. */
export const QUESTIONS: readonly Question[] = [
  ask('a strict mesh', strict, { expected: 'refused' }),
  ask('mTLS to the plain gateway', mtls, { expected: 'refused' }),
  ask('a policy that admits nobody', object(SECURITY, 'AuthorizationPolicy', 'user1', 'nobody', {}), {
    expected: 'refused'
  }),
  ask('the local gateway goes', gateway, { operation: 'DELETE', expected: 'refused' }),
  ask('a Sidecar that says nothing', object(ISTIO, 'Sidecar', 'user1', 'harmless', {}), {}),
  ask('a rule for another host', other, {}),
  ask('a new model', model, {}),
  ask('a new model, to be mutated', model, { path: '/mutate' })
]

/** Plaintext to the models: refused where user1 is STRICT, and only there. */
export const plaintext = (isStrict: boolean): Question =>
  ask('plaintext to the models', plain, { expected: isStrict ? 'refused' : 'allowed' })

/** Large and nasty changes, each made when it is asked. */
export const HOSTILE: readonly (() => Question)[] = HOSTILE_INPUTS.flatMap(row =>
  (['/validate', '/mutate'] as const).map(path => () => ({
    ...review(toJson(row), path, 'CREATE'),
    name: row.name,
    expected: 'answered' as const
  }))
)
