import { join } from 'node:path'
import t from 'tap'
import { traceSchema } from '../../src/report/trace.ts'
import { readFiles } from '../../src/sources/files.ts'
import { meshGuard } from '../support/command.ts'

const examples = join(import.meta.dirname, '../../examples')
const CLUSTER = join(examples, 'cluster')
const OUTCOMES = join(examples, 'four-outcomes')
const MODEL = 'sklearn-iris-predictor-00001-private'
const SLEEP = 'user2/sleep-1'

const traceCall = (from: string, to: string, ...more: readonly string[]) =>
  meshGuard('trace', '--from', from, '--to', to, '--against', OUTCOMES, ...more)

t.test('trace evaluates one call', async t => {
  for (const [name, from, more, code, path = ''] of [
    ['client in the namespace', 'user1/httpbin-1', [], 0],
    ['client in another namespace', SLEEP, [], 1],
    ['client in another namespace, --fail-on never', SLEEP, ['--fail-on', 'never'], 0],
    ['Knative activator', 'knative-serving/activator-1', ['--method', 'GET'], 0, '/healthz'],
    ['client without a sidecar, unauthenticated', 'istio-system/istiod-1', [], 1]
  ] as const) {
    t.equal((await traceCall(from, `${MODEL}.user1:80${path}`, ...more)).code, code, name)
  }
})

t.test('text output', async t => {
  const { out } = await traceCall(SLEEP, `${MODEL}.user1:80`)
  t.equal(
    out,
    `BLOCKED user2/sleep-1 -> ${MODEL}.user1.svc.cluster.local:80
    BLOCKED caller->pod
        client sends mTLS (auto mTLS: endpoint has label security.istio.io/tlsMode=istio; Pod user1/sklearn-iris-1 metadata.labels[security.istio.io/tlsMode])
        server accepts only mTLS (STRICT: PeerAuthentication user1/default spec.mtls.mode)
        authz: denied, 403 RBAC, user2/sleep (no ALLOW rule matches: AuthorizationPolicy user1/allow-serving-tests spec.rules)
        policy-denies-request-path: AuthorizationPolicy user1/allow-serving-tests denies sidecars in user2 at user1/sklearn-iris (403)
        at AuthorizationPolicy user1/allow-serving-tests spec.rules
        fix: Allow the gateway, activator and autoscaler service accounts, and their probe paths; to allow other callers, add a rule to AuthorizationPolicy user1/allow-serving-tests (--show-fix prints the objects)
`
  )
  const { out: withFix } = await traceCall(SLEEP, `${MODEL}.user1:80`, '--show-fix')
  t.match(withFix, /\n {8}fix: Allow .*\n {10}apiVersion: .*\n {10}kind: AuthorizationPolicy\n/)
})

t.test('JSON output matches the schema', async t => {
  const { out } = await traceCall(SLEEP, `${MODEL}.user1:80`, '-o', 'json')
  t.match(traceSchema.parse(JSON.parse(out)), {
    kind: 'Trace',
    from: SLEEP,
    host: `${MODEL}.user1.svc.cluster.local`,
    port: 80,
    verdict: 'blocked',
    branches: [
      {
        verdict: 'blocked',
        hops: [
          {
            name: 'caller->pod',
            verdict: 'blocked',
            calls: [{ server: { name: 'user1/sklearn-iris-1' } }],
            failure: { rule: 'policy-denies-request-path' }
          }
        ]
      }
    ]
  })
})

t.test('--to accepts every DNS name of a Service', async t => {
  for (const host of [MODEL, `${MODEL}.user1`, `${MODEL}.user1.svc`, `${MODEL}.user1.svc.cluster.local`]) {
    t.equal((await traceCall('user1/httpbin-1', `${host}:80`)).code, 0, host)
  }
  t.equal((await traceCall(SLEEP, `${MODEL}:80`)).code, 2, 'a bare name is in the namespace of the client')
})

t.test('an unknown pod, Service or port is an error with a suggestion', async t => {
  for (const [from, to, message] of [
    ['user2/slep-1', `${MODEL}.user1:80`, 'pod user2/slep-1: not found; did you mean user2/sleep-1?'],
    ['sleep-1', `${MODEL}.user1:80`, 'pod default/sleep-1: not found; did you mean user2/sleep-1?'],
    [SLEEP, `${MODEL}s.user1:80`, `Service ${MODEL}s.user1: not found; did you mean ${MODEL}.user1?`],
    [SLEEP, `${MODEL}.user1:8080`, `port 8080 of Service user1/${MODEL}: not found`],
    [SLEEP, MODEL, `--to ${MODEL}: no port number; use HOST:PORT[/PATH]`]
  ] as const) {
    t.match(await traceCall(from, to), { code: 2, out: '', err: `error: ${message}\n` })
  }
})

t.test('the whole path of a request to a model is followed', async t => {
  const to = 'sklearn-iris.user1:80/v1/models/sklearn-iris:predict'
  const hopsOf = async (from: string) => {
    const { code, out } = await meshGuard('trace', '--from', from, '--to', to, '--against', CLUSTER, '-o', 'json')
    t.equal(code, 0)
    const { branches } = traceSchema.parse(JSON.parse(out))
    return branches.map(({ activatorMode, hops }) => [
      activatorMode,
      ...hops.map(one => one.route?.virtualService.name ?? one.name)
    ])
  }
  t.same(await hopsOf('user2/sleep-6d6b49d8b8-6ths6'), [['serve', 'sklearn-iris', 'sklearn-iris-predictor-ingress']])
  t.same(
    await hopsOf('batch/nightly-score-28417-9qv7z'),
    [['serve', 'caller->local-gateway', 'sklearn-iris', 'sklearn-iris-predictor-ingress']],
    'without a sidecar'
  )
  const { out } = await meshGuard('trace', '--from', 'user2/sleep-6d6b49d8b8-6ths6', '--to', to, '--against', CLUSTER)
  t.match(
    out,
    /^ok .*:80\/v1\/models\/sklearn-iris:predict\n {2}ok {6}direct \(Serve mode\)\n {4}ok {6}caller->local-gateway\n/
  )
})

t.test('a Service without endpoints is blocked', async t => {
  const from = ['--from', 'user1/httpbin-6484879498-qxqj8', '--against', CLUSTER]
  const state = (files: Record<string, string>) => t.testdir(files)
  const empty = `
apiVersion: v1
kind: Service
metadata: { namespace: user1, name: empty }
spec: { selector: { app: none }, ports: [{ name: http, port: 80, targetPort: http }] }`
  t.match(await meshGuard('trace', '--to', 'empty:80', ...from, '--against', stateWith(state, empty, CLUSTER)), {
    code: 1,
    out: /^BLOCKED .*\n {4}BLOCKED .*\n {8}no-endpoints: Service user1\/empty /
  })
})

/** Directory with the example cluster and `yaml`. */
const stateWith = (dir: (files: Record<string, string>) => string, yaml: string, folder = OUTCOMES): string => {
  const objects = readFiles([folder]).map(({ object }) => JSON.stringify(object))
  return dir({ 'all.yaml': [...objects, yaml].join('\n---\n') })
}

t.test('what the sidecar of the client does not know is forwarded unchanged', async t => {
  const sidecar = `
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { namespace: user2, name: narrow }
spec: { egress: [{ hosts: ["./*"] }] }`
  const hidden = `
apiVersion: v1
kind: Service
metadata: { namespace: user1, name: ${MODEL}, annotations: { networking.istio.io/exportTo: . } }
spec: { selector: { app: sklearn-iris }, ports: [{ name: http, port: 80 }] }`
  const registryOnly = sidecar.replace('egress', 'outboundTrafficPolicy: { mode: REGISTRY_ONLY }, egress')
  for (const [name, yaml, out] of [
    ['not imported', sidecar, /client sends plaintext \(client dials the pod IP, which its sidecar forwards unchanged/],
    ['not exported', hidden, /client sends plaintext|no-endpoints/],
    ['REGISTRY_ONLY', registryOnly, /registry-only-blocks-model: sidecars in user2 reject /]
  ] as const) {
    const against = stateWith(files => t.testdir(files), yaml)
    t.match(await traceCall(SLEEP, `${MODEL}.user1:80`, '--against', against), { code: 1, out }, name)
  }
})

t.test('VirtualServices of the sidecar are followed', async t => {
  const route = (gateways: string, host: string) => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { namespace: user1, name: route }
spec: { hosts: [${host}], http: [{ redirect: { uri: / } }], ${gateways} }`
  for (const [name, yaml, isFollowed] of [
    ['no gateways: all sidecars', route('', MODEL), true],
    ['only a gateway', route('gateways: [knative-serving/knative-local-gateway]', MODEL), false],
    ['another host', route('', 'httpbin'), false]
  ] as const) {
    const against = stateWith(files => t.testdir(files), yaml)
    const { out } = await traceCall(SLEEP, `${MODEL}.user1:80`, '--against', against)
    t.equal(out.includes('virtualservice-diverts-model'), isFollowed, name)
  }
})
