import t from 'tap'
import { decide } from '../../src/engine/decide.ts'
import { proveFixes } from '../../src/engine/fix-proof.ts'
import { DEFAULT_POLICY } from '../../src/engine/to-findings.ts'
import { trace } from '../../src/engine/trace.ts'
import { toTrace } from '../../src/report/trace.ts'
import { RULES } from '../../src/rules/index.ts'
import { readResource } from '../../src/sources/manifest.ts'
import type { Change, Snapshot } from '../../src/state/snapshot.ts'
import { clientRule, model, policy, together } from '../support/objects.ts'
import { pathsTo } from '../support/paths.ts'
import { resourceOf, stockWith } from '../support/snapshot.ts'

const HOST = 'new-predictor.user1.svc.cluster.local'
const client = (mode: string) => clientRule(HOST, `{ tls: { mode: ${mode} } }`)
const SIMPLE = client('SIMPLE')
const peer = (mode: string) => policy('user1', `{ mtls: { mode: ${mode} } }`)
const STRICT = peer('STRICT')
const OWN_STRICT = policy('user1', '{ selector: { matchLabels: { component: predictor } }, mtls: { mode: STRICT } }')

const AUTH = ', security.opendatahub.io/enable-auth: "true"'
/** InferenceService in Standard mode. */
const standard = (sidecar: boolean, annotations = '') =>
  model(
    `, annotations: { serving.kserve.io/deploymentMode: Standard ${annotations} }, labels: { sidecar.istio.io/inject: "${sidecar}" }`
  )
const [WITH_SIDECAR, WITHOUT_SIDECAR] = [standard(true, AUTH), standard(false, AUTH)]
const service = (port: string) => `
apiVersion: v1
kind: Service
metadata: { namespace: user1, name: new-predictor }
spec: { selector: { app: isvc.new-predictor }, ports: [${port}] }
`
/** Service of an authenticating proxy. */
const HTTPS = service('{ name: https, port: 8443, targetPort: https }')
const onPort = (name: string) => service(`{ ${name} port: 80, targetPort: 8080 }`)

const scheme = (name: string) => `, readinessProbe: { httpGet: { port: web, scheme: ${name} } }`
const PROXY = '{ name: istio-proxy, args: [proxy, sidecar] }'
/** Running pod of the model. */
const running = (container: string, proxy = PROXY) => `
apiVersion: v1
kind: Pod
metadata:
  namespace: user1
  name: new-predictor-a
  labels:
    app: isvc.new-predictor
    component: predictor
    serving.kserve.io/inferenceservice: new
    ${proxy === '' ? '' : 'security.istio.io/tlsMode: istio'}
spec: { containers: [{ name: kserve-container, ports: [{ name: web, containerPort: 8080 }] ${container} }, ${proxy}] }
`

/** Results for the gateway, callers with a sidecar, and callers without one. */
function results(...objects: readonly string[]): readonly string[] {
  return pathsTo(stockWith(together(...objects)), 'new').map(line => line.split('->pod')[1]?.trim() || 'ok')
}
const TO_TLS = 'plaintext-to-tls-application'
const TLS = 'foreign-tls-to-sidecar'
const TO_STRICT = 'plaintext-to-strict-workload'
const MTLS = 'mtls-to-workload-without-sidecar'
const notKnown = (port: number) => `unknown: whether the application serves TLS on port ${port} cannot be seen`

t.test('only a gateway needs a DestinationRule for an application that serves TLS', async t => {
  for (const [name, objects, expected] of [
    ['no sidecar', [WITHOUT_SIDECAR], [TO_TLS, 'ok', 'ok']],
    ['no sidecar, existing Service', [WITHOUT_SIDECAR, HTTPS], [TO_TLS, 'ok', 'ok']],
    ['no sidecar, SIMPLE', [WITHOUT_SIDECAR, HTTPS, SIMPLE], ['ok', 'ok', 'ok']],
    ['no sidecar, MUTUAL', [WITHOUT_SIDECAR, HTTPS, client('MUTUAL')], ['ok', 'ok', 'ok']],
    ['no sidecar, ISTIO_MUTUAL', [WITHOUT_SIDECAR, HTTPS, client('ISTIO_MUTUAL')], [MTLS, MTLS, 'ok']],
    ['PERMISSIVE', [WITH_SIDECAR], [TO_TLS, 'ok', 'ok']],
    ['PERMISSIVE, SIMPLE', [WITH_SIDECAR, HTTPS, SIMPLE], ['ok', 'ok', 'ok']],
    ['PERMISSIVE, MUTUAL', [WITH_SIDECAR, HTTPS, client('MUTUAL')], ['ok', 'ok', 'ok']],
    ['DISABLE, SIMPLE', [WITH_SIDECAR, HTTPS, SIMPLE, peer('DISABLE')], ['ok', 'ok', 'ok']],
    ['STRICT', [WITH_SIDECAR, HTTPS, STRICT], [TO_TLS, 'ok', TO_STRICT]],
    ['STRICT, SIMPLE', [WITH_SIDECAR, HTTPS, SIMPLE, STRICT], [TLS, TLS, TO_STRICT]]
  ] as const)
    t.same(results(...objects), expected, name)
})

t.test('next pods have the probes of custom containers', async t => {
  const custom = (name: string) =>
    standard(true).replace(
      /predictor: .*/,
      `predictor: { containers: [{ readinessProbe: { httpGet: { port: 8080, scheme: ${name} } } }] } }`
    )
  t.same(results(custom('HTTPS')), [TO_TLS, 'ok', 'ok'])
  t.same(results(custom('HTTPS'), SIMPLE), ['ok', 'ok', 'ok'])
  t.same(results(custom('HTTP'), SIMPLE), [TLS, TLS, 'ok'])
})

t.test('probes take precedence over the Service port', async t => {
  const https = running(scheme('HTTPS'))
  const rewritten = running(
    '',
    `{ name: istio-proxy, args: [proxy, sidecar], env: [{ name: OTHER }, { name: ISTIO_KUBE_APP_PROBERS, value: '{"/app-health/kserve-container/readyz":{"httpGet":{"port":8080,"scheme":"HTTPS"}}}' }] }`
  )
  const rewrittenAs = (value: string) => rewritten.replace(/, value: '.*?'/, value)
  const model = standard(true)
  for (const [name, objects, expected] of [
    ['HTTPS probe', [https, onPort('')], [TO_TLS, 'ok', 'ok']],
    ['HTTPS probe, SIMPLE', [https, onPort(''), SIMPLE], ['ok', 'ok', 'ok']],
    ['HTTPS probe without a sidecar', [running(scheme('HTTPS'), ''), onPort('')], [TO_TLS, 'ok', 'ok']],
    ['HTTPS probe, port name http', [https, onPort('name: http,')], [TO_TLS, TO_TLS, TO_TLS]],
    ['HTTPS probe, port name http, SIMPLE', [https, onPort('name: http,'), SIMPLE], [TLS, TLS, TO_TLS]],
    [
      'HTTPS probe, port name http, no sidecar',
      [running(scheme('HTTPS'), ''), onPort('name: http,')],
      [TO_TLS, TO_TLS, 'ok']
    ],
    ['probe rewritten by injection', [rewritten, onPort(''), SIMPLE], ['ok', 'ok', 'ok']],
    ['unreadable probes', [rewrittenAs(", value: '{'"), onPort(''), SIMPLE], [notKnown(8080), notKnown(8080), 'ok']],
    [
      'probe of another form',
      [rewrittenAs(`, value: '{"a":1}'`), onPort(''), SIMPLE],
      [notKnown(8080), notKnown(8080), 'ok']
    ],
    ['probes without a value', [rewrittenAs(''), onPort(''), SIMPLE], [notKnown(8080), notKnown(8080), 'ok']],
    ['probe of no port', [running(scheme('HTTPS').replace('web', 'absent')), onPort('')], ['ok', 'ok', 'ok']],
    ['HTTP probe, port name https', [running(scheme('HTTP')), onPort('name: https,')], ['ok', 'ok', 'ok', 'ok']],
    [
      'HTTP probe, port name https, SIMPLE',
      [running(scheme('HTTP')), onPort('name: https,'), SIMPLE],
      [TLS, TLS, 'ok', 'ok']
    ],
    [
      'gRPC probe, SIMPLE',
      [running(', livenessProbe: { grpc: { port: 8080 } }'), onPort(''), SIMPLE],
      [TLS, TLS, 'ok']
    ],
    ['no sign', [running(''), onPort('')], ['ok', 'ok', 'ok']],
    ['no sign, SIMPLE', [running(''), onPort(''), SIMPLE], [notKnown(8080), notKnown(8080), 'ok']],
    [
      'no sign, port name tcp, SIMPLE',
      [running(''), onPort('name: tcp,'), SIMPLE],
      [notKnown(8080), notKnown(8080), 'ok']
    ],
    ['no sign, port name http, SIMPLE', [running(''), onPort('name: http,'), SIMPLE], [TLS, TLS, 'ok']],
    ['no sign, no sidecar, SIMPLE', [running('', ''), onPort(''), SIMPLE], [notKnown(8080), notKnown(8080), 'ok']],
    ['no sign, STRICT, SIMPLE', [running(''), onPort(''), SIMPLE, STRICT], [TLS, TLS, TO_STRICT]]
  ] as const)
    t.same(results(model, ...objects), expected, name)
})

const create = (yaml: string): Change => ({ operation: 'CREATE', after: resourceOf(yaml) })
const remove = (yaml: string): Change => ({ operation: 'DELETE', before: resourceOf(yaml) })

t.test('the repair is admitted, its removal is denied, and fixes hold', async t => {
  const https = [standard(true), running(scheme('HTTPS')), onPort('')]
  const http = [standard(true), running(scheme('HTTPS')), onPort('name: http,')]
  for (const [name, objects, change, expected, proof] of [
    ['SIMPLE without a sidecar', [WITHOUT_SIDECAR, HTTPS], create(SIMPLE), 'allow'],
    ['SIMPLE with a sidecar', [WITH_SIDECAR, HTTPS], create(SIMPLE), 'allow'],
    ['SIMPLE with an HTTPS probe', https, create(SIMPLE), 'allow'],
    ['removal without a sidecar', [WITHOUT_SIDECAR, HTTPS, SIMPLE], remove(SIMPLE), `deny ${TO_TLS}`, 'good'],
    ['removal with a sidecar', [WITH_SIDECAR, HTTPS, SIMPLE], remove(SIMPLE), `deny ${TO_TLS}`, 'good'],
    ['ISTIO_MUTUAL', [WITHOUT_SIDECAR], create(client('ISTIO_MUTUAL')), `deny client-${MTLS}`, 'good'],
    ['STRICT', [WITH_SIDECAR, HTTPS, SIMPLE], create(STRICT), 'deny client-tls-to-sidecar', 'good'],
    ['STRICT of the pods', [...https, SIMPLE], create(OWN_STRICT), 'deny client-tls-to-sidecar', 'good'],
    ['SIMPLE under STRICT', [WITH_SIDECAR, HTTPS, STRICT], create(SIMPLE), 'deny client-tls-to-sidecar', 'good'],
    ['SIMPLE to an HTTP port', http, create(SIMPLE), 'allow'],
    ['model before its DestinationRule', [], create(WITH_SIDECAR), `warn ${TO_TLS}`],
    ['model after its DestinationRule', [SIMPLE], create(WITH_SIDECAR), 'allow']
  ] as const) {
    const state = stockWith(together(...objects))
    const { decision, findings } = decide(state, change, RULES, DEFAULT_POLICY)
    const main = findings.filter(({ mode }) => mode === decision)
    t.equal([decision, ...main.map(({ rule }) => rule)].join(' '), expected, name)
    if (proof === undefined) continue
    const proven = proveFixes(state, change, main, { rules: RULES, policy: DEFAULT_POLICY, read: readResource })
    t.equal(proven.is, proof, `${name}: ${JSON.stringify(proven)}`)
  }
})

t.test('a DestinationRule for an application without a sign is not denied', async t => {
  const { decision, findings } = decide(stockWith(standard(false)), create(SIMPLE), RULES, DEFAULT_POLICY)
  t.not(decision, 'deny')
  t.same(findings, [])
})

/** A pod with a sidecar. */
const clientPod = (state: Snapshot) => {
  const [pod] = state.list('Pod', 'user1').filter(({ name }) => name.startsWith('httpbin'))
  return `user1/${pod?.name}`
}

t.test('trace says what the application accepts', async t => {
  const traced = (...objects: readonly string[]) => {
    const state = stockWith(together(standard(true), onPort(''), ...objects))
    const request = { from: clientPod(state), host: HOST, port: 80, path: undefined, method: 'GET' }
    const found = trace(state, request, RULES)
    if (found.is !== 'traced') throw new Error(found.is)
    const { verdict, branches } = toTrace(state, request, found.trace)
    const hops = branches.flatMap(branch => branch.hops)
    const calls = hops.flatMap(hop => hop.calls.map(call => `${call.verdict}: ${call.server.description}`))
    return [verdict, ...calls, hops.at(-1)?.unknownReason]
  }
  t.same(traced(running(scheme('HTTPS'), '')), ['ok', 'ok: only TLS', undefined])
  t.same(traced(running('', ''), SIMPLE), [
    'unknown',
    'unknown: plaintext or TLS',
    'whether the application serves TLS on port 8080 cannot be seen'
  ])
})
