import t from 'tap'
import rule from '../../src/rules/destinationrule-superseded.ts'
import { together } from '../support/objects.ts'
import { findingsOf, testRule } from '../support/table-test.ts'

const HOST = 'sklearn-iris-predictor.user1.svc.cluster.local'
const one = (name: string, spec: string, host = HOST, namespace = 'user1') => `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { namespace: ${namespace}, name: ${name} }
spec: { host: "${host}", ${spec} }
`
const POOL = 'trafficPolicy: { connectionPool: { tcp: { maxConnections: 1 } } }'
const OUTLIERS = 'trafficPolicy: { outlierDetection: { consecutive5xxErrors: 5 } }'
const SUBSET = 'subsets: [{ name: v1, labels: { version: v1 } }]'
const PLACE = ['DestinationRule user1/b spec.trafficPolicy']
const pair = (host: string, namespace = 'user1') =>
  together(one('a', POOL, host, namespace), one('b', OUTLIERS, host, namespace))
const LOCAL_GATEWAY = 'knative-local-gateway.istio-system.svc.cluster.local'

testRule(t, rule, {
  'two for one host': [pair(HOST), PLACE],
  'short and full host': [together(one('a', POOL), one('b', OUTLIERS, 'sklearn-iris-predictor')), PLACE],
  'wildcard that covers a model': [pair('*.user1.svc.cluster.local'), PLACE],
  'host of a revision': [pair('sklearn-iris-predictor-00001-private.user1.svc.cluster.local'), PLACE],
  'host of the local gateway': [pair(LOCAL_GATEWAY), PLACE],
  'host of no model': [pair('iris.user2.svc.cluster.local'), []],
  'wildcard that covers no model': [pair('*.user2.svc.cluster.local'), []],
  'equal policies': [together(one('a', POOL), one('b', POOL)), []],
  'different namespaces': [together(one('a', POOL), one('b', OUTLIERS, HOST, 'user2')), []],
  'the older one has no policy': [together(one('a', SUBSET), one('b', OUTLIERS)), []],
  'the newer one has no policy': [together(one('a', POOL), one('b', SUBSET)), []],
  'the oldest of three has no policy': [
    together(one('a', SUBSET), one('a2', POOL), one('b', OUTLIERS)),
    ['DestinationRule user1/b spec.trafficPolicy']
  ],
  'different exportTo': [together(one('a', POOL), one('b', `exportTo: ["."], ${OUTLIERS}`)), []],
  'equal exportTo': [together(one('a', `exportTo: ["."], ${POOL}`), one('b', `exportTo: ["."], ${OUTLIERS}`)), PLACE],
  'workloadSelector of one': [
    together(one('a', `workloadSelector: { matchLabels: { a: b } }, ${POOL}`), one('b', OUTLIERS)),
    []
  ],
  'equal workloadSelectors': [
    together(
      one('a', `workloadSelector: { matchLabels: { a: b } }, ${POOL}`),
      one('b', `workloadSelector: { matchLabels: { a: b } }, ${OUTLIERS}`)
    ),
    PLACE
  ],
  'different workloadSelectors': [
    together(
      one('a', `workloadSelector: { matchLabels: { a: b } }, ${POOL}`),
      one('b', `workloadSelector: { matchLabels: { a: c } }, ${OUTLIERS}`)
    ),
    []
  ],
  'subset of the same name': [
    together(one('a', SUBSET), one('b', 'subsets: [{ name: v1, labels: { version: v2 } }]')),
    ['DestinationRule user1/b spec.subsets[0]']
  ],
  'equal subsets': [together(one('a', SUBSET), one('b', SUBSET)), []]
})

t.test('the fix removes what has no effect, and nothing else', async t => {
  const [all] = findingsOf(rule.id, pair(HOST))
  t.match(all?.fix, { remove: [{ name: 'b' }] })
  const [some] = findingsOf(rule.id, together(one('a', POOL), one('b', `${OUTLIERS}, ${SUBSET}`)))
  t.match(some?.fix.apply, [{ metadata: { name: 'b' }, spec: { host: HOST, subsets: [{ name: 'v1' }] } }])
  t.notHas(some?.fix.apply, [{ spec: { trafficPolicy: {} } }])
  const [subset] = findingsOf(
    rule.id,
    together(one('a', SUBSET), one('b', `${OUTLIERS}, subsets: [{ name: v1, labels: { version: v2 } }]`))
  )
  t.match(subset?.fix.apply, [{ spec: { trafficPolicy: { outlierDetection: {} } } }])
})
