import t from 'tap'
import { nextPod, type Pod, restart } from '../../src/engine/restart.ts'
import { DEFAULT_POLICY } from '../../src/engine/to-findings.ts'
import { RULES } from '../../src/rules/index.ts'
import type { Mode } from '../../src/rules/lib/rule.ts'
import { readResource } from '../../src/sources/manifest.ts'
import { toRef } from '../../src/state/resource.ts'
import { toWorkload } from '../../src/state/workload.ts'
import { configMap, model, namespace, pod, policy, together } from '../support/objects.ts'
import { resourceOf, stockWith } from '../support/snapshot.ts'

const INJECTED = 'security.istio.io/tlsMode: istio, networking.istio.io/tunnel: http'
const POD = `
apiVersion: v1
kind: Pod
metadata:
  namespace: user1
  name: some
  labels: { app: some, ${INJECTED} }
  annotations: { sidecar.istio.io/status: "{}", istio.io/rev: default, team: a }
spec:
  serviceAccountName: some
  initContainers: [{ name: setup }, { name: istio-proxy, args: [proxy, sidecar] }]
  containers:
    - { name: main, ports: [{ containerPort: 8443 }] }
    - name: istio-proxy
      args: [proxy, sidecar]
      env: [{ name: ISTIO_KUBE_APP_PROBERS, value: '{"/app-health/main/readyz":{"httpGet":{"port":8443,"scheme":"HTTPS"}}}' }]
`
const HBONE = configMap('istio-system', 'istio', {
  mesh: 'defaultConfig: { proxyMetadata: { ISTIO_META_ENABLE_HBONE: "true" } }'
})
const next = (state: string, yaml: string) => nextPod(stockWith(state), resourceOf(yaml) as Pod)

t.test('the next pod without injection has only what its template has', async t => {
  const after = next(namespace('istio-injection: disabled'), POD)
  t.same(after.labels, { app: 'some' })
  t.same(after.annotations, { team: 'a' })
  t.same(
    [after.spec.initContainers, after.spec.containers].map(all => all.map(({ name }) => name)),
    [['setup'], ['main']]
  )
  t.same(toWorkload(after).servesTls, [{ port: 8443, tls: true }], 'what the proxy showed of the application is kept')
})

t.test('the next pod with injection accepts HBONE if the mesh has ambient mode', async t => {
  const plain = POD.replace(INJECTED, 'security.istio.io/tlsMode: istio')
  const before = resourceOf(plain)
  t.same(next(namespace('istio-injection: enabled'), plain), before)
  t.same(next(together(namespace('istio-injection: enabled'), HBONE), plain), {
    ...before,
    labels: { ...before.labels, 'networking.istio.io/tunnel': 'http' }
  })
})

t.test('the sidecar of a template stays', async t => {
  const own = POD.replace('app: some', 'app: some, sidecar.istio.io/inject: "false"')
  t.same(next(namespace('istio-injection: disabled'), own), resourceOf(own))
})

const CLIENTS = `
apiVersion: v1
kind: Namespace
metadata: { name: clients, labels: { istio.io/dataplane-mode: ambient } }
`
const SERVER = pod(
  'user1',
  'new-0',
  'app: isvc.new-predictor, serving.kserve.io/inferenceservice: new, component: predictor, security.istio.io/tlsMode: istio',
  'sidecar'
)
const STATE = stockWith(
  together(
    CLIENTS,
    pod('clients', 'one', 'app: client', 'sidecar'),
    pod('clients', 'two', 'app: client', 'sidecar'),
    model(', annotations: { serving.kserve.io/deploymentMode: Standard }, creationTimestamp: "2026-01-01T00:00:00Z"'),
    SERVER,
    policy('user1', '{ mtls: { mode: STRICT } }')
  )
)
/** Restarts of the callers, of which only the last blocks their calls: before, one has a sidecar. */
function restarted(names: readonly string[], mode: Mode) {
  const pods = STATE.list('Pod', 'clients').filter(({ name }) => names.includes(name))
  const rules = { 'plaintext-to-strict-workload': mode }
  const context = { rules: RULES, policy: { ...DEFAULT_POLICY, rules }, read: readResource, cache: {} }
  return restart(STATE, pods.map(toRef), context)
}

t.test('the strictest decision about a pod decides', async t => {
  t.match(restarted(['one'], 'deny'), { decision: { decision: 'allow' } })
  const warned = restarted(['one', 'two'], 'warn')
  t.match(warned, { decision: { decision: 'warn', findings: [{ rule: 'plaintext-to-strict-workload' }] } })
  t.same(
    warned?.next.list('Pod', 'clients').map(one => toWorkload(one)),
    STATE.list('Pod', 'clients').map(one => ({ ...toWorkload(one), proxy: 'none', captured: true }))
  )
  const denied = restarted(['one', 'two'], 'deny')
  t.match(denied, { decision: { decision: 'deny' }, change: { after: { name: 'two' } } })
  t.equal(denied?.next, STATE, 'no pod restarts')
  t.equal(restart(STATE, [], { rules: RULES, policy: DEFAULT_POLICY, read: readResource, cache: {} }), undefined)
})
