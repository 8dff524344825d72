import t from 'tap'
import type { InferenceService } from '../../src/kserve/inference-service.ts'
import { plainTwin } from '../../src/kserve/plain-twin.ts'
import { resourceOf } from '../support/snapshot.ts'

const KEPT =
  '{ serving.kserve.io/deploymentMode: Standard, networking.kserve.io/visibility: a, networking.knative.dev/visibility: b }'
const SETTINGS =
  '{ serving.kserve.io/deploymentMode: Standard, networking.kserve.io/visibility: a, networking.knative.dev/visibility: b, sidecar.istio.io/inject: "false", autoscaling.knative.dev/targetBurstCapacity: "0", app: x }'

function service(values: string, settings: string): InferenceService {
  const metadata = `labels: ${values}, annotations: ${values}`
  const resource = resourceOf(`
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: { namespace: user1, name: new, ${metadata} }
spec:
  predictor: { model: { modelFormat: { name: sklearn } }, serviceAccountName: me, ${metadata} ${settings} }
  transformer: { containers: [{ name: a }], ${metadata} ${settings} }
  explainer: { containers: [{ name: a }], ${metadata} ${settings} }
`)
  if (resource.kind !== 'InferenceService') throw new Error('not an InferenceService')
  return resource
}

t.test('the plain twin has no mesh, scaling and host network settings', async t => {
  const twin = plainTwin(service(SETTINGS, ', minReplicas: 0, maxReplicas: 3, hostNetwork: true'))
  t.same(JSON.parse(JSON.stringify(twin)), JSON.parse(JSON.stringify(service(KEPT, ''))))
})

t.test('a model without settings is its own plain twin', async t => {
  const plain = resourceOf(`
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: { namespace: user1, name: new }
spec: { predictor: { model: { modelFormat: { name: sklearn } } } }
`) as InferenceService
  t.same(JSON.parse(JSON.stringify(plainTwin(plain))), JSON.parse(JSON.stringify(plain)))
})
