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

t.test('issuers of a workload are those of its namespace and of the root namespace', async t => {
  const known = (more: Parameters<typeof workload>[0]) =>
    issuersFor(state, workload(more)).map(
      ({ issuer, forwards, by }) => `${by.name}: ${issuer}${forwards ? ', passed on' : ''}`
    )
  t.same(known({ labels: { app: 'model' } }), ['mesh: mesh, passed on', 'own: own', 'own: '])
  t.same(known({}), ['mesh: mesh, passed on'])
  t.same(known({ namespace: 'user2' }), ['mesh: mesh, passed on', 'other: other'])
  t.same(known({ namespace: 'istio-system' }), ['mesh: mesh, passed on'])
})

t.test('JWT handling', async t => {
  for (const [issuer, read, stranger, goesOn] of [
    [undefined, false, undefined, false],
    ['own', true, undefined, false],
    ['mesh', true, undefined, true],
    ['foreign', false, 'mesh', true]
  ] as const) {
    const token = issuer === undefined ? undefined : { issuer }
    t.equal(validateToken(issuers, token), read ? token : undefined, `${issuer}: read`)
    t.equal(unknownIssuer(issuers, token)?.name, stranger, `${issuer}: refused by`)
    t.equal(forwardToken(issuers, request({ token })).token, goesOn ? token : undefined, `${issuer}: goes on`)
  }
  const token = { issuer: 'foreign' }
  t.equal(unknownIssuer([], token), undefined, 'no proxy validates it')
  t.equal(forwardToken([], request({ token })).token, token, 'no proxy strips it')
})
