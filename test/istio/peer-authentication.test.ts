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

t.test('the most specific PeerAuthentication takes precedence', async t => {
  const workloadSpec =
    '{ selector: { matchLabels: { app: a } }, mtls: { mode: DISABLE }, portLevelMtls: { "8080": { mode: STRICT }, "8081": {} } }'
  for (const [name, yaml, mode, by] of [
    ['no PeerAuthentication', '', 'PERMISSIVE', undefined],
    ['without a spec', policy('user1', 'a', ''), 'PERMISSIVE', undefined],
    ['mesh-wide', policy('istio-system', 'm', '{ mtls: { mode: STRICT } }'), 'STRICT', 'm'],
    [
      'UNSET inherits the mesh-wide mode',
      `${policy('istio-system', 'm', '{ mtls: { mode: STRICT } }')}---${policy('user1', 'n', '{ mtls: { mode: UNSET } }')}`,
      'STRICT',
      'm'
    ],
    [
      'workload takes precedence over namespace',
      `${policy('user1', 'n', '{ mtls: { mode: STRICT } }')}---${policy('user1', 'w', workloadSpec)}`,
      'DISABLE',
      'w'
    ],
    ['selector in the root namespace is ignored', policy('istio-system', 'm', workloadSpec), 'PERMISSIVE', undefined]
  ] as const) {
    const { workload } = peerMtls(stateOf(yaml), pod)
    t.equal(workload.mode, mode, name)
    t.equal(workload.by?.name, by, name)
  }
})

t.test('portLevelMtls applies to container ports and inherits the workload mode', async t => {
  const workloadSpec =
    '{ selector: { matchLabels: { app: a } }, mtls: { mode: DISABLE }, portLevelMtls: { "8080": { mode: STRICT }, "8081": {} } }'
  const peer = peerMtls(stateOf(policy('user1', 'w', workloadSpec)), pod)
  t.equal(modeForPort(peer, 8080).mode, 'STRICT')
  t.equal(modeForPort(peer, 8081).mode, 'DISABLE')
  t.equal(modeForPort(peer, 80).mode, 'DISABLE')
})

t.test('clients ignore PeerAuthentications that their sidecar does not see', async t => {
  const state = stateOf(policy('user1', 'n', '{ mtls: { mode: STRICT } }'))
  t.equal(peerMtls(state, pod, () => false).workload.mode, 'PERMISSIVE')
  t.equal(namespaceMtls(state, 'user1', () => false).mode, 'PERMISSIVE')
  t.equal(namespaceMtls(state, 'user1', () => true).mode, 'STRICT')
})
