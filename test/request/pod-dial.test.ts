import t from 'tap'
import type { CallResults } from '../../src/request/evaluate-calls.ts'
import { metricsScrape, viaActivator } from '../../src/request/pod-dial.ts'
import type { Workload } from '../../src/state/workload.ts'
import { authorization, configMap, KNATIVE_WITHOUT_SIDECARS, pod, policy, together } from '../support/objects.ts'
import { stockWith } from '../support/snapshot.ts'
import { workload } from '../support/workload.ts'

const STRICT = policy('user1', '{ mtls: { mode: STRICT } }')
const mode = (value: string) => configMap('knative-serving', 'config-network', { 'mesh-compatibility-mode': value })
const rules = (spec: string) => authorization('user1', spec)
const allow = (more: string) => rules(`{ rules: [{ ${more} }] }`)
const deny = (paths: string, app: string) =>
  rules(
    `{ action: DENY, selector: { matchLabels: { app: ${app} } }, rules: [{ to: [{ operation: { paths: [${paths}] } }] }] }`
  )
const header = (name: string, value: string) =>
  allow(`when: [{ key: "request.headers[${name}]", values: ["${value}"] }]`)
const hosts = (...values: readonly string[]) => allow(`to: [{ operation: { hosts: ${JSON.stringify(values)} } }]`)

const SIDECAR = workload({ name: 'sidecar', labels: { app: 'a', 'security.istio.io/tlsMode': 'istio' } })
const OTHER = workload({ name: 'other', labels: { app: 'b', 'security.istio.io/tlsMode': 'istio' } })
const PLAIN = workload({ name: 'plain', proxy: 'none', labels: { app: 'c' } })
const AMBIENT = workload({ name: 'ambient', proxy: 'none', captured: true })
const CALL = {
  host: 'new-predictor.user1.svc.cluster.local',
  path: '/v1/models/new:predict',
  method: 'POST',
  token: undefined,
  headers: {},
  headersComplete: false
}

const toRevision = (pods: readonly Workload[]) => ({
  host: 'new-predictor-00001.user1.svc.cluster.local',
  namespace: 'user1',
  port: 80,
  headless: false,
  endpoints: pods.map(one => ({ workload: one, port: 8012 }))
})

function outcome({ failure, unknown, calls }: CallResults): string {
  if (unknown !== undefined) return 'unknown'
  const servers = new Set(calls.map(({ connection }) => connection.server.workload.name))
  return failure?.cause ?? `ok ${[...servers].join(' ')}`
}

t.test('activator', async t => {
  const dial = (pods: readonly Workload[], ...objects: readonly string[]) =>
    outcome(viaActivator(stockWith(together(...objects)), toRevision(pods), CALL))
  const both = [SIDECAR, PLAIN]
  const isProbe = '{ notPaths: [/healthz] }'
  t.test('sends requests to the pods that answer its probes', async t => {
    t.equal(dial(both), 'ok sidecar plain')
    t.equal(dial(both, STRICT), 'ok plain')
    t.equal(dial(both, STRICT, KNATIVE_WITHOUT_SIDECARS), 'ok plain')
    t.equal(dial(both, deny('/healthz', 'a')), 'ok plain', 'policy denies the probe of some pods')
    t.equal(dial([SIDECAR, OTHER], deny('/v1/*', 'b')), 'refused-by-policy', 'all that answer get requests')
    t.equal(dial(both, rules(`{ rules: [{ to: [{ operation: ${isProbe} }] }] }`)), 'ok plain')
    t.equal(dial([SIDECAR, AMBIENT], STRICT), 'ok sidecar ambient', 'ztunnel resets plaintext like a sidecar')
    t.equal(dial([]), 'no-endpoints')
  })
  t.test('uses the Service if no pod answers and no response excludes a mesh', async t => {
    t.equal(dial([SIDECAR], STRICT), 'ok sidecar')
    t.equal(dial([SIDECAR, OTHER], STRICT), 'ok sidecar other')
    t.equal(dial([SIDECAR], STRICT, KNATIVE_WITHOUT_SIDECARS), 'plaintext-to-strict-workload')
    t.equal(dial([SIDECAR, OTHER], STRICT, deny('/healthz', 'a')), 'ok sidecar other', 'one pod answers its probe')
    t.equal(dial([SIDECAR], STRICT, deny('/healthz', 'a')), 'refused-by-policy')
    t.equal(
      dial([SIDECAR], allow('from: [{ source: { namespaces: [knative-serving] } }]')),
      'no-identity-for-policy',
      'a response of 403 is no sign of a mesh'
    )
  })
  t.test('detects a mesh only with mesh-compatibility-mode auto', async t => {
    t.equal(dial([SIDECAR], STRICT, mode('disabled')), 'plaintext-to-strict-workload')
    t.equal(dial(both, STRICT, mode('disabled')), 'ok plain')
    t.equal(
      dial([SIDECAR], deny('/healthz', 'a'), mode('disabled')),
      'ok sidecar',
      'it relies on the readiness of pods'
    )
    t.equal(
      dial([SIDECAR], allow('from: [{ source: { namespaces: [knative-serving] } }]'), mode('enabled')),
      'ok sidecar'
    )
  })
  t.test('sends an address as Host, and its own headers with probes', async t => {
    t.equal(dial([SIDECAR], hosts('new-predictor*')), 'refused-by-policy')
    t.equal(dial([SIDECAR], header('k-network-probe', 'queue')), 'ok sidecar')
    t.equal(dial([SIDECAR], header('accept', '*')), 'refused-by-policy')
  })
  t.test('each activator pod has to reach a pod', async t => {
    const activator = (name: string, proxy: 'none' | 'sidecar') => pod('knative-serving', name, 'app: activator', proxy)
    const twoKinds = [activator('activator-7f77bdbcdb-xh79h', 'none'), activator('second', 'sidecar')]
    t.equal(dial([SIDECAR], ...twoKinds), 'ok sidecar')
    t.equal(dial([SIDECAR], STRICT, ...twoKinds), 'plaintext-to-strict-workload')
    t.equal(dial([AMBIENT], ...twoKinds), 'ok ambient')
  })
})

t.test('autoscaler', async t => {
  const scrape = (pods: readonly Workload[], ...objects: readonly string[]) =>
    outcome(metricsScrape(stockWith(together(...objects)), toRevision(pods)))
  t.test('needs the metrics of each pod', async t => {
    t.equal(scrape([SIDECAR, PLAIN]), 'ok sidecar plain')
    t.equal(scrape([SIDECAR, PLAIN], STRICT), 'plaintext-to-strict-workload', 'a pod that answers excludes a mesh')
    t.equal(scrape([SIDECAR, OTHER], STRICT), 'ok sidecar other', 'by the Service')
    t.equal(scrape([SIDECAR], STRICT, KNATIVE_WITHOUT_SIDECARS), 'plaintext-to-strict-workload')
    t.equal(scrape([SIDECAR], deny('/metrics', 'a')), 'refused-by-policy')
    t.equal(scrape([SIDECAR], STRICT, mode('disabled')), 'plaintext-to-strict-workload')
  })
  t.test('sends the name of the Service as Host only to the Service', async t => {
    const byName = hosts('new-predictor-00001-private.user1:9090')
    t.equal(scrape([SIDECAR], byName), 'refused-by-policy')
    t.equal(scrape([SIDECAR], byName, mode('enabled')), 'ok sidecar')
    t.equal(scrape([SIDECAR], byName, STRICT), 'ok sidecar')
  })
  t.test('does not send the headers of a probe', async t => {
    t.equal(scrape([SIDECAR], header('k-network-probe', 'queue')), 'refused-by-policy')
    t.equal(scrape([SIDECAR], header('accept', 'application/protobuf')), 'ok sidecar')
  })
})
