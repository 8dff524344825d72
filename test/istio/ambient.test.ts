import t from 'tap'
import { isAmbient } from '../../src/istio/ambient.ts'
import { captureOf, toWorkload } from '../../src/state/workload.ts'
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

/**
 * By test name: a pod, whether it is captured as it runs, and whether the next pod with its metadata is in a namespace without
 * label, and in an ambient namespace.
 */
const PODS: Readonly<Record<string, readonly [pod: string, now: boolean, elsewhere: boolean, inAmbient: boolean]>> = {
  'pod without labels': [podWith(''), false, false, true],
  'pod with the label': [podWith(LABEL), false, true, true],
  'pod that opts out': [podWith(OPTED_OUT), false, false, false],
  'pod that istio-cni has captured': [podWith(REDIRECTED), true, false, true],
  'pod with a sidecar': [podWith(LABEL, SIDECAR), false, false, false],
  'pod with hostNetwork': [podWith(LABEL, 'hostNetwork: true, containers: []'), false, false, false],
  'captured pod with hostNetwork': [podWith(REDIRECTED, 'hostNetwork: true, containers: []'), false, false, false],
  'injected gateway': [podWith(INJECTED, GATEWAY), false, false, false],
  'Gateway API gateway': [podWith('', GATEWAY), false, false, true]
}

for (const [name, [yaml, now, elsewhere, inAmbient]] of Object.entries(PODS)) {
  t.test(`${name}: ambient ${now}, the next one ${elsewhere}, in an ambient namespace ${inAmbient}`, async t => {
    const pod = resourceOf(yaml)
    if (pod.kind !== 'Pod') throw new Error('not a pod')
    const state = (labels: string) => stateOf(namespace(labels))
    const ambient = state('istio.io/dataplane-mode: ambient')
    const { labels, annotations, spec } = pod
    const captured = captureOf({ labels, annotations, hostNetwork: spec.hostNetwork === true })
    const next = { ...toWorkload(pod), captured }
    t.equal(isAmbient(ambient, toWorkload(pod)), now)
    t.equal(isAmbient(state('team: a'), next), elsewhere)
    t.equal(isAmbient(ambient, next), inAmbient)
  })
}

t.test('ztunnel is not the proxy of its own pod', async t => {
  const proxyWith = (args: string) => {
    const pod = resourceOf(podWith('', `containers: [{ name: istio-proxy, args: [${args}] }]`))
    return pod.kind === 'Pod' && toWorkload(pod).proxy
  }
  t.same(['', 'proxy, sidecar', 'proxy, router', 'proxy, ztunnel'].map(proxyWith), [
    'sidecar',
    'sidecar',
    'gateway',
    'none'
  ])
})
