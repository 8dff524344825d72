import t from 'tap'
import { evaluateCall } from '../../src/request/call-result.ts'
import { authentication, authorization, configMap, policy, together } from '../support/objects.ts'
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

t.test('first the connection, then the policies', async t => {
  for (const [name, objects, more, expected] of [
    ['no policy', [], {}, 'allowed open'],
    [
      'plaintext to a STRICT workload',
      [policy('user1', '{ mtls: { mode: STRICT } }')],
      WITHOUT_SIDECAR,
      'allowed plaintext-to-strict-workload'
    ],
    ['a policy that admits', [from('namespaces: [user2]')], {}, 'allowed open'],
    ['a policy that does not', [from('namespaces: [user3]')], {}, 'not-allowed refused-by-policy'],
    [
      'a policy that would, did the caller have a certificate',
      [from('namespaces: [user2]')],
      WITHOUT_SIDECAR,
      'not-allowed no-identity-for-policy'
    ],
    [
      'a caller outside of all namespaces has none',
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
    ['a token that is read', [from('requestPrincipals: ["*"]'), tokens], { issuer: 'known' }, 'allowed open'],
    ['no token', [from('requestPrincipals: ["*"]'), tokens], {}, 'not-allowed token-never-valid'],
    ['a token of a stranger', [tokens], { issuer: 'foreign' }, 'token-refused token-never-valid'],
    ['undefined provider', [custom], {}, 'provider-unknown provider-unknown'],
    [
      'a server without a proxy does not look',
      [from('namespaces: [user3]')],
      { server: workload({ proxy: 'none' }) },
      'allowed open'
    ]
  ] as const) {
    t.equal(outcome(objects, more), expected, name)
  }
})
