import t from 'tap'
import { modeForPort, namespaceMtls, peerMtls } from '../../src/istio/peer-authentication.ts'
import { stateOf } from '../support/snapshot.ts'

const policy = (namespace: string, name: string, spec: string) => `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { namespace: ${namespace}, name: ${name} }
${spec === '' ? '' : `spec: ${spec}`}
`
const pod = { namespace: 'user1', labels: { app: 'a' } }

t.test('effective PeerAuthentication', async t => {
  const mine =
    '{ selector: { matchLabels: { app: a } }, mtls: { mode: DISABLE }, portLevelMtls: { "8080": { mode: STRICT }, "8081": {} } }'
  for (const [name, yaml, mode, by] of [
    ['none', '', 'PERMISSIVE', undefined],
    ['without a spec', policy('user1', 'a', ''), 'PERMISSIVE', undefined],
    ['mesh', policy('istio-system', 'm', '{ mtls: { mode: STRICT } }'), 'STRICT', 'm'],
    [
      'unset inherits',
      `${policy('istio-system', 'm', '{ mtls: { mode: STRICT } }')}---${policy('user1', 'n', '{ mtls: { mode: UNSET } }')}`,
      'STRICT',
      'm'
    ],
    [
      'the most specific',
      `${policy('user1', 'n', '{ mtls: { mode: STRICT } }')}---${policy('user1', 'w', mine)}`,
      'DISABLE',
      'w'
    ],
    ['selector in the root namespace is ignored', policy('istio-system', 'm', mine), 'PERMISSIVE', undefined]
  ] as const) {
    const { workload } = peerMtls(stateOf(yaml), pod)
    t.equal(workload.mode, mode, name)
    t.equal(workload.by?.name, by, name)
  }
})

t.test('ports are those of the workload, and inherit from it', async t => {
  const mine =
    '{ selector: { matchLabels: { app: a } }, mtls: { mode: DISABLE }, portLevelMtls: { "8080": { mode: STRICT }, "8081": {} } }'
  const peer = peerMtls(stateOf(policy('user1', 'w', mine)), pod)
  t.equal(modeForPort(peer, 8080).mode, 'STRICT')
  t.equal(modeForPort(peer, 8081).mode, 'DISABLE')
  t.equal(modeForPort(peer, 80).mode, 'DISABLE')
})

t.test('clients ignore policies of namespaces that they do not see', async t => {
  const state = stateOf(policy('user1', 'n', '{ mtls: { mode: STRICT } }'))
  t.equal(peerMtls(state, pod, () => false).workload.mode, 'PERMISSIVE')
  t.equal(namespaceMtls(state, 'user1', () => false).mode, 'PERMISSIVE')
  t.equal(namespaceMtls(state, 'user1', () => true).mode, 'STRICT')
})
