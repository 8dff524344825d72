import t from 'tap'
import { versionOf } from '../../src/kubernetes/version.ts'
import { stateOf } from '../support/snapshot.ts'

const pod = (labels: string, container: string, phase = 'Running') => `
apiVersion: v1
kind: Pod
metadata: { namespace: istio-system, name: istiod, labels: { app: istiod, ${labels} } }
spec: { containers: [${container}] }
status: { phase: ${phase} }
`
const discovery = (image: string) => `{ name: discovery, image: "${image}" }`

t.test('the version of a control plane is that of its label, else of its image', async t => {
  for (const [name, yaml, version] of [
    ['no pod', '', undefined],
    ['label', pod('app.kubernetes.io/version: v1.21.1', discovery('gcr.io/knative@sha256:00')), '1.21.1'],
    ['image tag', pod('', discovery('docker.io/istio/pilot:1.24.2-distroless')), '1.24.2-distroless'],
    ['tag with v and digest', pod('', discovery('localhost:5000/pilot:v1.24.2@sha256:00')), '1.24.2'],
    ['digest', pod('', discovery('localhost:5000/pilot@sha256:00')), undefined],
    ['image without a tag', pod('', discovery('localhost:5000/pilot')), undefined],
    ['another container', pod('', '{ name: app, image: app:1 }'), undefined],
    ['completed pod', pod('', discovery('pilot:1.24.2'), 'Succeeded'), undefined]
  ] as const) {
    t.equal(versionOf(stateOf(yaml), 'istio-system', { app: 'istiod' }), version, name)
  }
})
