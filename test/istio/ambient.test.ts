import t from 'tap'
import { isAmbient } from '../../src/istio/ambient.ts'
import { toWorkload } from '../../src/state/workload.ts'
import { namespace } from '../support/objects.ts'
import { resourceOf, stateOf } from '../support/snapshot.ts'

const podWith = (metadata: string, spec = 'containers: []') => `
apiVersion: v1
kind: Pod
metadata: { namespace: user1, name: pod, ${metadata} }
spec: { ${spec} }
`
const SIDECAR = 'containers: [{ name: istio-proxy, args: [proxy, sidecar] }]'
const GATEWAY = 'containers: [{ name: istio-proxy, args: [proxy, router] }]'
const LABEL = 'labels: { istio.io/dataplane-mode: ambient }'
const REDIRECTED = 'annotations: { ambient.istio.io/redirection: enabled }'
const INJECTED = 'annotations: { sidecar.istio.io/status: "{}" }'
const OPTED_OUT = 'labels: { istio.io/dataplane-mode: none }'

/** By test name: a pod, and whether it is ambient in a namespace without label, and in an ambient namespace. */
const PODS: Readonly<Record<string, readonly [pod: string, elsewhere: boolean, inAmbientNamespace: boolean]>> = {
  'pod without labels': [podWith(''), false, true],
  'pod with the label': [podWith(LABEL), true, true],
  'pod that opts out': [podWith(OPTED_OUT), false, false],
  'pod that istio-cni has captured': [podWith(REDIRECTED), true, true],
  'pod with a sidecar': [podWith(LABEL, SIDECAR), false, false],
  'pod with hostNetwork': [podWith(LABEL, 'hostNetwork: true, containers: []'), false, false],
  'injected gateway': [podWith(INJECTED, GATEWAY), false, false],
  'Gateway API gateway': [podWith('', GATEWAY), false, true]
}

for (const [name, [yaml, elsewhere, inAmbientNamespace]] of Object.entries(PODS)) {
  t.test(`${name}: ambient ${elsewhere}, in an ambient namespace ${inAmbientNamespace}`, async t => {
    const pod = resourceOf(yaml)
    if (pod.kind !== 'Pod') throw new Error('not a pod')
    const state = (labels: string) => stateOf(namespace(labels))
    t.equal(isAmbient(state('team: a'), toWorkload(pod)), elsewhere)
    t.equal(isAmbient(state('istio.io/dataplane-mode: ambient'), toWorkload(pod)), inAmbientNamespace)
  })
}
