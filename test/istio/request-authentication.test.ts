import t from 'tap'
import { forwardToken, issuersFor, unknownIssuer, validateToken } from '../../src/istio/request-authentication.ts'
import { stateOf } from '../support/snapshot.ts'
import { request, workload } from '../support/workload.ts'

const authentication = (namespace: string, name: string, spec: string) => `
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: { namespace: ${namespace}, name: ${name} }
spec: ${spec}
`
const state = stateOf(
  [
    authentication('istio-system', 'mesh', '{ jwtRules: [{ issuer: mesh, forwardOriginalToken: true }] }'),
    authentication('user1', 'own', '{ selector: { matchLabels: { app: model } }, jwtRules: [{ issuer: own }, {}] }'),
    authentication('user2', 'other', '{ jwtRules: [{ issuer: other }] }'),
    authentication('user2', 'empty', '')
  ].join('---')
)
const issuers = issuersFor(state, workload({ labels: { app: 'model' } }))

t.test('a workload trusts issuers of its namespace and of the root namespace', async t => {
  const trustedIssuers = (more: Parameters<typeof workload>[0]) =>
    issuersFor(state, workload(more)).flatMap(({ by, forwards }) =>
      [...forwards].map(([issuer, isForwarded]) => `${by.name}: ${issuer}${isForwarded ? ', passed on' : ''}`)
    )
  t.same(trustedIssuers({ labels: { app: 'model' } }), ['mesh: mesh, passed on', 'own: own', 'own: '])
  t.same(trustedIssuers({}), ['mesh: mesh, passed on'])
  t.same(trustedIssuers({ namespace: 'user2' }), ['mesh: mesh, passed on', 'other: other'])
  t.same(trustedIssuers({ namespace: 'istio-system' }), ['mesh: mesh, passed on'])
})

t.test('a proxy validates, rejects, strips or forwards a JWT', async t => {
  for (const [issuer, validated, rejectedBy, forwarded] of [
    [undefined, false, undefined, false],
    ['own', true, undefined, false],
    ['mesh', true, undefined, true],
    ['foreign', false, 'mesh', true]
  ] as const) {
    const token = issuer === undefined ? undefined : { issuer }
    t.equal(validateToken(issuers, token), validated ? token : undefined, `${issuer}: validated`)
    t.equal(unknownIssuer(issuers, token)?.name, rejectedBy, `${issuer}: rejected by`)
    t.equal(forwardToken(issuers, request({ token })).token, forwarded ? token : undefined, `${issuer}: forwarded`)
  }
  const token = { issuer: 'foreign' }
  t.equal(unknownIssuer([], token), undefined, 'no proxy validates it')
  t.equal(forwardToken([], request({ token })).token, token, 'no proxy strips it')
})
