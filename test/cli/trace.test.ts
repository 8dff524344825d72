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
  for (const [name, from, more, code] of [
    ['client in the namespace', 'user1/httpbin-1', [], 0],
    ['client in another namespace', SLEEP, [], 1],
    ['Knative activator', 'knative-serving/activator-1', ['--path', '/healthz', '--method', 'GET'], 0],
    ['client without a sidecar, unauthenticated', 'istio-system/istiod-1', [], 1]
  ] as const) {
    t.equal((await traceCall(from, `${MODEL}.user1:80`, ...more)).code, code, name)
  }
})

t.test('text output', async t => {
  const { out } = await traceCall(SLEEP, `${MODEL}.user1:80`)
  t.equal(
    out,
    `BLOCKED user2/sleep-1 -> ${MODEL}.user1.svc.cluster.local:80
  BLOCKED user1/sklearn-iris-1
      client sends mTLS (auto mTLS: endpoint has label security.istio.io/tlsMode=istio; Pod user1/sklearn-iris-1 metadata.labels[security.istio.io/tlsMode])
      server accepts only mTLS (STRICT: PeerAuthentication user1/default spec.mtls.mode)
      authz: denied, 403 RBAC, user2/sleep (no ALLOW rule matches: AuthorizationPolicy user1/allow-serving-tests spec.rules)
      policy-denies-request-path: AuthorizationPolicy user1/allow-serving-tests denies sidecars in user2 at user1/sklearn-iris (403)
      at AuthorizationPolicy user1/allow-serving-tests spec.rules
      fix: Allow the gateway, activator and autoscaler service accounts, and their probe paths; to allow other callers, add a rule to AuthorizationPolicy user1/allow-serving-tests
        apiVersion: security.istio.io/v1beta1
        kind: AuthorizationPolicy
        metadata:
          name: allow-serving-tests
          namespace: user1
        spec:
          action: ALLOW
          rules:
            - from:
                - source:
                    namespaces:
                      - user1
            - from:
                - source:
                    namespaces:
                      - knative-serving
            - from:
                - source:
                    namespaces:
                      - knative-serving
              to:
                - operation:
                    paths:
                      - /metrics
                      - /healthz
                      - /ready
                      - /wait-for-drain
            - from:
                - source:
                    principals:
                      - cluster.local/ns/user2/sa/sleep
                      - cluster.local/ns/istio-system/sa/istio-ingressgateway
            - to:
                - operation:
                    paths:
                      - /healthz
                      - /metrics
`
  )
})

t.test('JSON output matches the schema', async t => {
  const { out } = await traceCall(SLEEP, `${MODEL}.user1:80`, '-o', 'json')
  t.match(traceSchema.parse(JSON.parse(out)), {
    kind: 'Trace',
    from: SLEEP,
    host: `${MODEL}.user1.svc.cluster.local`,
    port: 80,
    verdict: 'blocked',
    calls: [
      { server: { name: 'user1/sklearn-iris-1' }, verdict: 'blocked', failure: { rule: 'policy-denies-request-path' } }
    ],
    notes: []
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
    [SLEEP, MODEL, `--to ${MODEL}: no port number; use HOST:PORT`]
  ] as const) {
    t.match(await traceCall(from, to), { code: 2, out: '', err: `error: ${message}\n` })
  }
})

t.test('notes name routes, and a Service without endpoints is blocked', async t => {
  const from = ['--from', 'user1/httpbin-6484879498-qxqj8', '--against', CLUSTER]
  const note = /^note: VirtualService user1\/sklearn-iris routes requests for this host/m
  const routed = await meshGuard('trace', '--to', 'sklearn-iris:80', ...from)
  t.match(routed, { code: 0, out: note }, 'route of the sidecar')
  const nonMesh = ['--from', 'batch/nightly-score-28417-9qv7z', '--against', CLUSTER]
  t.notMatch(
    (await meshGuard('trace', '--to', 'sklearn-iris.user1:80', ...nonMesh)).out,
    note,
    'no route without a sidecar'
  )
  const empty = await meshGuard('trace', '--to', 'sklearn-iris-predictor-00001:80', ...from)
  t.match(empty, { code: 1, out: /^BLOCKED .*\n {4}no-endpoints: Service user1\/sklearn-iris-predictor-00001 / })
})

/** Directory with the example cluster and `yaml`. */
const stateWith = (dir: (files: Record<string, string>) => string, yaml: string): string => {
  const objects = readFiles([OUTCOMES]).map(({ object }) => JSON.stringify(object))
  return dir({ 'all.yaml': [...objects, yaml].join('\n---\n') })
}

t.test('a sidecar that does not import the Service is unknown', async t => {
  const sidecar = `
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { namespace: user2, name: narrow }
spec: { egress: [{ hosts: ["./*"] }] }`
  const hidden = `
apiVersion: v1
kind: Service
metadata: { namespace: user1, name: ${MODEL}, annotations: { networking.istio.io/exportTo: . } }
spec: { ports: [{ name: http, port: 80 }] }`
  for (const [yaml, by] of [
    [sidecar, 'Sidecar user2/narrow spec.egress'],
    [hidden, `Service user1/${MODEL} metadata.annotations[networking.istio.io/exportTo]`]
  ] as const) {
    const { code, out } = await traceCall(
      SLEEP,
      `${MODEL}.user1:80`,
      '--against',
      stateWith(files => t.testdir(files), yaml)
    )
    t.equal(code, 3, 'unknown is not a success')
    t.equal(
      out,
      `UNKNOWN user2/sleep-1 -> ${MODEL}.user1.svc.cluster.local:80
    unknown: how the client's sidecar forwards a host outside its scope (${by})
`
    )
  }
})

t.test('notes list VirtualServices of the sidecar', async t => {
  const route = (gateways: string, host: string) => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { namespace: user1, name: route }
spec: { hosts: [${host}], ${gateways} }`
  for (const [name, yaml, count] of [
    ['no gateways: all sidecars', route('', MODEL), 1],
    ['only a gateway', route('gateways: [knative-serving/knative-local-gateway]', MODEL), 0],
    ['another host', route('', 'httpbin'), 0]
  ] as const) {
    const against = stateWith(files => t.testdir(files), yaml)
    const { out } = await traceCall(SLEEP, `${MODEL}.user1:80`, '--against', against, '-o', 'json')
    t.equal(traceSchema.parse(JSON.parse(out)).notes.length, count, name)
  }
})
