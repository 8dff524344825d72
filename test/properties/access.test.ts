import { deepStrictEqual } from 'node:assert'
import fc from 'fast-check'
import t from 'tap'
import { access } from '../../src/engine/access.ts'
import type { AccessPath } from '../../src/engine/access-results.ts'
import { accessToModel } from '../../src/engine/access-to-model.ts'
import { modelKey } from '../../src/engine/incremental/evaluate.ts'
import { DEFAULT_POLICY } from '../../src/engine/to-findings.ts'
import { runningCallers } from '../../src/request/running-callers.ts'
import { RULES } from '../../src/rules/index.ts'
import { property } from '../support/property.ts'
import { clusterWith, type Manifest, someObjects } from '../support/random-cluster.ts'

const pick = <T>(...values: readonly T[]) => fc.constantFrom(...values)
const NAMESPACES = ['user1', 'user2', 'c1', 'c2', 'ambient']
const namespace = pick(...NAMESPACES)
const labels = pick({}, { app: 'x' }, { app: 'y' }, { app: 'x', tier: 'web' })
const object = (apiVersion: string, kind: string, namespace: string, name: string, spec: object): Manifest => ({
  apiVersion,
  kind,
  metadata: { namespace, name },
  spec
})

const pods = fc.array(
  fc.tuple(
    namespace,
    labels,
    pick('a', 'default'),
    pick('none', 'sidecar'),
    pick('10.44.0.10', '192.168.0.1', undefined)
  ),
  { minLength: 2, maxLength: 8 }
)
const toPod = (
  [namespace, labels, serviceAccountName, proxy, podIP]: readonly [string, object, string, string, string | undefined],
  i: number
): Manifest => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    namespace,
    name: `pod-${i}`,
    labels,
    ...(namespace === 'ambient' ? { annotations: { 'ambient.istio.io/redirection': 'enabled' } } : {})
  },
  spec: { serviceAccountName, containers: proxy === 'none' ? [] : [{ name: 'istio-proxy', args: ['proxy', proxy] }] },
  status: { podIP }
})

const sidecar = fc
  .tuple(
    namespace,
    pick('a', 'b'),
    fc.option(labels, { nil: undefined }),
    pick('./*', '*/*', 'user1/*', 'istio-system/*')
  )
  .map(([namespace, name, labels, host]) =>
    object('networking.istio.io/v1', 'Sidecar', namespace, name, {
      ...(labels === undefined ? {} : { workloadSelector: { labels } }),
      egress: [{ hosts: [host] }]
    })
  )
const destinationRule = fc
  .tuple(
    pick(...NAMESPACES, 'istio-system'),
    pick('a', 'b'),
    pick(
      '*.local',
      'sklearn-iris-predictor.user1.svc.cluster.local',
      'sklearn-iris-predictor-00001.user1.svc.cluster.local'
    ),
    pick('DISABLE', 'ISTIO_MUTUAL'),
    fc.option(labels, { nil: undefined }),
    pick([], ['.'], ['c1'])
  )
  .map(([namespace, name, host, mode, matchLabels, exportTo]) =>
    object('networking.istio.io/v1', 'DestinationRule', namespace, name, {
      host,
      exportTo,
      trafficPolicy: { tls: { mode } },
      ...(matchLabels === undefined ? {} : { workloadSelector: { matchLabels } })
    })
  )
const source = fc.oneof(
  fc.array(namespace, { minLength: 1, maxLength: 2 }).map(namespaces => ({ namespaces })),
  fc
    .tuple(namespace, pick('a', 'default'))
    .map(([one, account]) => ({ principals: [`cluster.local/ns/${one}/sa/${account}`] })),
  pick({ ipBlocks: ['10.44.0.0/16'] }, { notIpBlocks: ['192.168.0.0/16'] })
)
const policy = fc
  .tuple(
    pick('user1', 'istio-system', 'knative-serving'),
    pick('ALLOW', 'DENY'),
    fc.array(source, { minLength: 1, maxLength: 2 })
  )
  .map(([namespace, action, sources]) =>
    object('security.istio.io/v1', 'AuthorizationPolicy', namespace, 'callers', {
      action,
      rules: [{ from: sources.map(one => ({ source: one })) }]
    })
  )
const PREDICTOR = 'sklearn-iris-predictor.user1.svc.cluster.local'
const match = fc.oneof(
  namespace.map(sourceNamespace => ({ sourceNamespace })),
  labels.map(sourceLabels => ({ sourceLabels })),
  pick({}, { uri: { prefix: '/v1' } })
)
const route = pick<object>(
  { route: [{ destination: { host: 'httpbin.user1.svc.cluster.local' } }] },
  { route: [{ destination: { host: PREDICTOR } }] },
  { directResponse: { status: 404 } },
  { delegate: { name: 'delegate', namespace: 'c2' } }
)
const http = fc.array(
  fc.tuple(match, route).map(([one, own]) => ({ match: [one], ...own })),
  { minLength: 1, maxLength: 2 }
)
const virtualService = fc
  .tuple(
    namespace,
    pick('a', 'b'),
    pick('sklearn-iris.user1.svc.cluster.local', PREDICTOR, '*.user1.svc.cluster.local'),
    pick<object>({}, { exportTo: ['.'] }, { exportTo: ['c1'] }, { exportTo: ['user2', '.'] }),
    http
  )
  .map(([namespace, name, host, exportTo, http]) =>
    object('networking.istio.io/v1', 'VirtualService', namespace, name, { hosts: [host], ...exportTo, http })
  )
const delegate = http.map(own =>
  object('networking.istio.io/v1', 'VirtualService', 'c2', 'delegate', {
    http: own.map(one => ({ match: one.match, directResponse: { status: 404 } }))
  })
)
const namespaces = NAMESPACES.map(
  (name): Manifest => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name,
      labels: name === 'ambient' ? { 'istio.io/dataplane-mode': 'ambient' } : { 'istio-injection': 'enabled' }
    }
  })
)
const cluster = fc
  .tuple(
    pods,
    fc.array(fc.oneof(sidecar, destinationRule, policy, virtualService, virtualService, delegate), { maxLength: 5 }),
    someObjects
  )
  .map(([drawn, own, others]) => [...namespaces, ...others, ...own, ...drawn.map(toPod)])

/** Result of a path, regardless of what names the caller. */
const resultOf = ({ path, failure, peers }: AccessPath) => ({
  entry: path.entry,
  host: path.host,
  mode: [path.activatorMode, path.revision],
  hops: path.hops.map(({ name, failure, unknown }) => [name, failure?.cause, unknown?.reason]),
  failure: [failure?.rule, failure?.problem?.object, failure?.problem?.field],
  caveats: path.unevaluated?.map(({ reason }) => reason),
  token: path.tokenRequired?.name,
  peers
})

property(t, 'results of a workload equal those of its pod alone', cluster, 60, manifests => {
  const state = clusterWith(manifests)
  const callers = runningCallers(state)
  const { models } = access(state, () => true, RULES, DEFAULT_POLICY)
  for (const { service, calls } of models) {
    for (const { workloads } of callers) {
      for (const workload of workloads) {
        const alone = accessToModel(
          { snapshot: state, rules: RULES, callers: [{ traits: '', workloads: [workload] }] },
          state,
          service
        )
        const own = calls.filter(one => one.workloads.some(({ pod }) => pod === workload.pod))
        deepStrictEqual(
          own.flatMap(({ paths }) => paths.map(resultOf)),
          alone.calls.flatMap(({ paths }) => paths.map(resultOf)),
          `${workload.pod.namespace}/${workload.pod.name} calls ${modelKey(service)}`
        )
      }
    }
  }
})
