import t from 'tap'
import rule from '../../src/rules/plaintext-to-tls-application.ts'
import { clientRule, model, policy, together } from '../support/objects.ts'
import { findingsOf, testRule } from '../support/table-test.ts'

const standard = (more = '') =>
  model(`, annotations: { serving.kserve.io/deploymentMode: Standard ${more} }, labels: { app: isvc.new-predictor }`)
const authenticated = standard(', security.opendatahub.io/enable-auth: "True"')
const service = (port: string) => `
apiVersion: v1
kind: Service
metadata: { namespace: user1, name: new-predictor }
spec: { selector: { app: isvc.new-predictor }, ports: [${port}] }
`
const HTTPS = service('{ name: https, port: 8443, targetPort: https }')
const HOST = 'new-predictor.user1.svc.cluster.local'
const SERVICE = 'Service user1/new-predictor spec.ports'
const STRICT = policy('user1', '{ mtls: { mode: STRICT } }')

testRule(t, rule, {
  'gateway to an authenticating proxy': [authenticated, [SERVICE]],
  'Service of the authenticating proxy': [together(authenticated, HTTPS), [SERVICE]],
  'DestinationRule without TLS': [
    together(authenticated, clientRule(HOST, '{ tls: { mode: DISABLE } }')),
    ['DestinationRule istio-system/default spec.trafficPolicy.tls.mode']
  ],
  'DestinationRule with SIMPLE': [together(authenticated, clientRule(HOST, '{ tls: { mode: SIMPLE } }')), []],
  'Service port with appProtocol https': [
    together(standard(), service('{ name: http, appProtocol: https, port: 80, targetPort: 8080 }')),
    [SERVICE]
  ],
  'Service port without a known protocol': [together(standard(), service('{ port: 80, targetPort: 8080 }')), []],
  'Service of a model without authentication': [
    together(authenticated, service('{ name: http, port: 80, targetPort: 8080 }')),
    []
  ],
  'authentication in Knative mode': [model(', annotations: { security.opendatahub.io/enable-auth: "true" }'), []],
  'authentication of a transformer': [
    model(
      ', annotations: { serving.kserve.io/deploymentMode: Standard, security.opendatahub.io/enable-auth: "true" }',
      'predictor: { model: { modelFormat: { name: sklearn } } }, transformer: { }'
    ),
    []
  ]
})

t.test('sidecars of clients originate TLS where they forward HTTP', async t => {
  const bare = authenticated.replace('labels: {', 'labels: { sidecar.istio.io/inject: "false",')
  const http = service('{ name: http, port: 8443, targetPort: https }')
  const [finding] = findingsOf(rule.id, together(bare, http))
  t.match(
    finding?.fix.apply?.map(({ metadata }) => metadata.namespace),
    ['istio-system', 'user1'],
    'the gateway, and sidecars of all callers'
  )
})

t.test('the fix says what a sidecar must forward', async t => {
  const fixOf = (...objects: readonly string[]) => findingsOf(rule.id, together(authenticated, ...objects))[0]?.fix
  t.same(
    fixOf(HTTPS, STRICT)?.apply?.map(({ kind }) => kind),
    ['PeerAuthentication', 'DestinationRule'],
    'a STRICT sidecar forwards no TLS'
  )
  const http = service('{ name: http, port: 8443, targetPort: https }')
  t.same(
    fixOf(http),
    { text: 'Name the port of Service user1/new-predictor https: on HTTP ports sidecars forward no TLS' },
    'nor does a sidecar on an HTTP port'
  )
})
