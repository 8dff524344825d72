import t from 'tap'
import { attaches } from '../../src/istio/policy-target.ts'
import { stateOf } from '../support/snapshot.ts'
import { workload } from '../support/workload.ts'

const MODEL = workload({ namespace: 'user1', labels: { app: 'model' } })
const PROXY = workload({
  namespace: 'user1',
  labels: { 'gateway.networking.k8s.io/gateway-name': 'public' },
  proxy: 'gateway'
})

t.test('selector and targetRefs select the pods of a policy', async t => {
  const gateway = (more: string) => `{ group: gateway.networking.k8s.io, kind: Gateway, ${more} }`
  for (const [name, spec, model, proxy] of [
    ['all pods of its namespace', '{}', true, true],
    ['empty selector', '{ selector: { matchLabels: {} } }', true, true],
    ['selected pods', '{ selector: { matchLabels: { app: model } } }', true, false],
    ['a Gateway', `{ targetRefs: [${gateway('name: public')}] }`, false, true],
    ['another Gateway', `{ targetRefs: [${gateway('name: private')}] }`, false, false],
    [
      'one of several targetRefs',
      `{ targetRefs: [${gateway('name: private')}, ${gateway('name: public')}] }`,
      false,
      true
    ],
    ['targetRef', `{ targetRef: ${gateway('name: public')} }`, false, true],
    ['a Service', '{ targetRefs: [{ group: "", kind: Service, name: public }] }', false, false]
  ] as const) {
    const [policy] = stateOf(`
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { namespace: user1, name: p }
spec: ${spec}
`).list('AuthorizationPolicy')
    if (policy === undefined) throw new Error('no policy')
    t.equal(attaches(policy, MODEL), model, `${name}: a model`)
    t.equal(attaches(policy, PROXY), proxy, `${name}: a gateway`)
    const otherNamespace = { ...PROXY, namespace: 'user2' }
    t.equal(
      attaches(policy, otherNamespace),
      proxy && !name.includes('Gateway') && !spec.includes('kind'),
      `${name}: a gateway of another namespace`
    )
  }
})
