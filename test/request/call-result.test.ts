import t from 'tap'
import { ANY_ADDRESS } from '../../src/istio/ip-blocks.ts'
import { evaluateCall } from '../../src/request/evaluate-call.ts'
import { authentication, authorization, clientRule, configMap, policy, together } from '../support/objects.ts'
import { stateOf } from '../support/snapshot.ts'
import { workload } from '../support/workload.ts'

const HOST = 'model.user1.svc.cluster.local'
const SERVER = workload({ name: 'server', labels: { 'security.istio.io/tlsMode': 'istio' } })
const CLIENT = workload({ namespace: 'user2', name: 'client', serviceAccount: 'me' })

function outcome(objects: readonly string[], { client = CLIENT, server = SERVER, issuer = '' } = {}) {
  const endpoint = { workload: server, port: 8012 }
  const destination = { host: HOST, namespace: 'user1', port: 80, headless: false, endpoints: [endpoint] }
  const token = issuer === '' ? undefined : { issuer }
  const call = {
    host: HOST,
    path: '/v1/models/model:predict',
    method: 'POST',
    token,
    headers: {},
    headersComplete: false
  }
  const { authorization, failure } = evaluateCall(stateOf(together(...objects)), {
    client,
    call,
    destination,
    endpoint
  })
  return `${authorization.is} ${failure?.cause ?? 'open'}`
}

const WITHOUT_SIDECAR = { client: workload({ namespace: 'user2', proxy: 'none', serviceAccount: 'me' }) }
const from = (source: string) => authorization('user1', `{ rules: [{ from: [{ source: { ${source} } }] }] }`)
const tokens = authentication('user1', '{ jwtRules: [{ issuer: known }] }')
const custom = together(
  authorization('user1', '{ action: CUSTOM, provider: { name: a }, rules: [{}] }'),
  configMap('istio-system', 'istio', { mesh: 'extensionProviders: []' })
)

t.test('connection is evaluated before policies', async t => {
  for (const [name, objects, more, expected] of [
    ['no policy', [], {}, 'allowed open'],
    [
      'plaintext to a STRICT workload',
      [policy('user1', '{ mtls: { mode: STRICT } }')],
      WITHOUT_SIDECAR,
      'allowed plaintext-to-strict-workload'
    ],
    ['policy that allows the caller', [from('namespaces: [user2]')], {}, 'allowed open'],
    ['policy that allows other callers', [from('namespaces: [user3]')], {}, 'not-allowed refused-by-policy'],
    [
      'policy that requires a peer identity of a plaintext caller',
      [from('namespaces: [user2]')],
      WITHOUT_SIDECAR,
      'not-allowed no-identity-for-policy'
    ],
    [
      'caller in no namespace has no identity',
      [from('namespaces: [user2]')],
      { client: { ...WITHOUT_SIDECAR.client, namespace: '' } },
      'not-allowed refused-by-policy'
    ],
    [
      'JWT that no proxy validates',
      [from('requestPrincipals: ["*"]')],
      { issuer: 'known' },
      'not-allowed token-never-valid'
    ],
    ['JWT that the proxy validates', [from('requestPrincipals: ["*"]'), tokens], { issuer: 'known' }, 'allowed open'],
    ['no JWT', [from('requestPrincipals: ["*"]'), tokens], {}, 'not-allowed token-never-valid'],
    ['JWT of an unknown issuer', [tokens], { issuer: 'foreign' }, 'token-refused token-never-valid'],
    [
      'JWT of an unknown issuer from a caller without a sidecar',
      [tokens],
      { ...WITHOUT_SIDECAR, issuer: 'foreign' },
      'token-refused token-never-valid'
    ],
    ['undefined provider', [custom], {}, 'provider-unknown provider-unknown'],
    [
      'server without a proxy enforces no policy',
      [from('namespaces: [user3]')],
      { server: workload({ proxy: 'none' }) },
      'allowed open'
    ]
  ] as const) {
    t.equal(outcome(objects, more), expected, name)
  }
})

t.test('a caller of any address is allowed if policies allow one address', async t => {
  const block = '10.0.0.0/8'
  const deny = (source: string) =>
    authorization('user1', `{ action: DENY, rules: [{ from: [{ source: { ${source} } }] }] }`).replace('rules', 'deny')
  const client = workload({ namespace: 'user2', serviceAccount: 'me', address: ANY_ADDRESS })
  for (const [name, objects, expected] of [
    ['no policy', [], 'allowed open'],
    ['inside of a block', [from(`ipBlocks: ["${block}"]`)], 'allowed open'],
    ['outside of a block', [from(`notIpBlocks: ["${block}"]`)], 'allowed open'],
    ['denied inside', [deny(`ipBlocks: ["${block}"]`)], 'allowed open'],
    ['denied inside and outside', [deny('ipBlocks: ["0.0.0.0/1", "128.0.0.0/1"]')], 'denied refused-by-policy'],
    [
      'denied where it is allowed',
      [from(`ipBlocks: ["${block}"]`), deny(`ipBlocks: ["${block}"]`)],
      'not-allowed refused-by-policy'
    ],
    ['policy for another namespace', [from(`ipBlocks: ["${block}"], namespaces: [a]`)], 'not-allowed refused-by-policy']
  ] as const) {
    t.equal(outcome(objects, { client }), expected, name)
  }
})

t.test('only Istio mTLS to a gateway has a peer identity', async t => {
  const gatewayWith = (tls: string) => `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { namespace: user1, name: gateway }
spec: { servers: [{ port: { number: 8012, name: https, protocol: HTTPS }, hosts: ["*"], tls: { ${tls} } }] }
`
  const server = workload({ name: 'gateway', proxy: 'gateway' })
  const files = 'clientCertificate: a, privateKey: b, caCertificates: c'
  for (const [name, sent, tls, expected] of [
    ['Istio mTLS', 'mode: ISTIO_MUTUAL', 'mode: ISTIO_MUTUAL', 'allowed open'],
    ['MUTUAL', `mode: MUTUAL, ${files}`, 'mode: MUTUAL, credentialName: d', 'not-allowed no-identity-for-policy'],
    ['SIMPLE', 'mode: SIMPLE', 'mode: SIMPLE, credentialName: d', 'not-allowed no-identity-for-policy']
  ] as const) {
    const objects = [gatewayWith(tls), clientRule(HOST, `{ tls: { ${sent} } }`, 'user2'), from('principals: ["*"]')]
    t.equal(outcome(objects, { server }), expected, name)
  }
})
