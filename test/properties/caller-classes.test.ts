import { deepStrictEqual } from 'node:assert'
import fc from 'fast-check'
import t from 'tap'
import type { InferenceService } from '../../src/kserve/inference-service.ts'
import { pathsOf } from '../../src/request/inference-service-paths.ts'
import type { Path } from '../../src/request/request-path.ts'
import type { Snapshot } from '../../src/state/snapshot.ts'
import { property } from '../support/property.ts'
import { clusterWith, type Manifest } from '../support/random-cluster.ts'

const CALLERS = ['c1', 'c2', 'c3', 'sa', 'ns']
const caller = fc.constantFrom(...CALLERS)
const HOSTS = [
  'sklearn-iris-predictor.user1.svc.cluster.local',
  'sklearn-iris-predictor-00001.user1.svc.cluster.local',
  'knative-local-gateway.istio-system.svc.cluster.local',
  '*.user1.svc.cluster.local',
  '*.local'
]
const some = <T>(of: fc.Arbitrary<T>, maxLength = 3) => fc.array(of, { minLength: 1, maxLength })
const object = (apiVersion: string, kind: string, namespace: string, name: string, spec: object): Manifest => ({
  apiVersion,
  kind,
  metadata: { namespace, name },
  spec
})

/** Values of source fields: exact, or with a wildcard at any position. */
const namespaceValue = fc.oneof(caller, fc.constantFrom('c*', '*1', 's*', '*a', 'n*s', '*', 'c1/sa', '*2*'))
const accountValue = fc.oneof(
  caller,
  fc.constantFrom('c1/default', 'sa/a', 'c*/default', 'ns/sa', '*/a', 'user1/default')
)
const principalValue = fc.oneof(
  caller.map(one => `cluster.local/ns/${one}/sa/default`),
  fc.constantFrom(
    'cluster.local/ns/c*',
    '*/ns/c1/sa/a',
    '*/sa/a',
    '*2/sa/default',
    '*ns/sa/sa/sa',
    'cluster.local/*',
    '*'
  ),
  fc.constantFrom('*/ns/c1*', 'cluster.local/ns/sa/*', 'other/ns/c2/sa/default', '*.local/ns/c3/sa/default')
)
const field = fc.oneof(
  some(namespaceValue).map(namespaces => ({ namespaces })),
  some(namespaceValue).map(notNamespaces => ({ notNamespaces })),
  some(accountValue).map(serviceAccounts => ({ serviceAccounts })),
  some(accountValue).map(notServiceAccounts => ({ notServiceAccounts })),
  some(principalValue).map(principals => ({ principals })),
  some(principalValue).map(notPrincipals => ({ notPrincipals })),
  fc.constantFrom({ ipBlocks: ['10.0.0.0/8'] }, { notIpBlocks: ['10.0.0.0/8'] }, { ipBlocks: ['10.44.0.21'] }),
  fc.constant({ requestPrincipals: ['*'] })
)
const source = fc.tuple(field, field).map(([one, other]) => ({ source: { ...one, ...other } }))
const condition = fc.oneof(
  some(namespaceValue).map(values => ({ key: 'source.namespace', values })),
  some(principalValue).map(notValues => ({ key: 'source.principal', notValues })),
  fc.constantFrom('a', 'b').map(value => ({ key: 'request.headers[x-team]', values: [value] }))
)
const operation = fc.constantFrom(
  { paths: ['/v1/models/sklearn-iris:predict'] },
  { paths: ['/v1/models/other:predict'] },
  { methods: ['GET'] },
  { hosts: ['sklearn-iris-predictor.user1*'] },
  { notHosts: ['other'] },
  { ports: ['8012'] }
)
const rule = fc.record(
  {
    from: some(source, 2),
    to: some(
      operation.map(one => ({ operation: one })),
      1
    ),
    when: some(condition, 2)
  },
  { requiredKeys: [] }
)
const policy = fc
  .tuple(fc.constantFrom('user1', 'istio-system', 'knative-serving'), fc.constantFrom('ALLOW', 'DENY'), some(rule, 4))
  .chain(([namespace, action, rules]) =>
    fc
      .constantFrom('a', 'b')
      .map(name => object('security.istio.io/v1', 'AuthorizationPolicy', namespace, name, { action, rules }))
  )
const exportTo = fc.oneof(
  fc.constant([]),
  fc.constant(['.']),
  fc.constant(['*']),
  some(fc.oneof(caller, fc.constant('.')), 2)
)
const destinationRule = fc
  .tuple(
    fc.oneof(caller, fc.constantFrom('user1', 'istio-system')),
    fc.constantFrom('a', 'b'),
    fc.constantFrom(...HOSTS),
    fc.constantFrom('DISABLE', 'ISTIO_MUTUAL', 'SIMPLE'),
    exportTo
  )
  .map(([namespace, name, host, mode, exportTo]) =>
    object('networking.istio.io/v1', 'DestinationRule', namespace, name, {
      host,
      exportTo,
      trafficPolicy: { tls: { mode } }
    })
  )
const sidecar = fc
  .tuple(
    fc.oneof(caller, fc.constantFrom('user1', 'istio-system')),
    some(fc.constantFrom('./*', '*/*', 'user1/*', 'istio-system/*', 'c1/*', '~c2/*', '~user1/*'))
  )
  .map(([namespace, hosts]) =>
    object('networking.istio.io/v1', 'Sidecar', namespace, 'default', { egress: [{ hosts }] })
  )
const virtualService = fc
  .tuple(
    fc.oneof(caller, fc.constant('user1')),
    fc.constantFrom('sklearn-iris.user1.svc.cluster.local', ...HOSTS),
    exportTo,
    fc.option(caller, { nil: undefined })
  )
  .map(([namespace, host, exportTo, sourceNamespace]) =>
    object('networking.istio.io/v1', 'VirtualService', namespace, 'mine', {
      hosts: [host],
      exportTo,
      http: [{ match: [{ sourceNamespace }], route: [{ destination: { host: 'httpbin.user1.svc.cluster.local' } }] }]
    })
  )
const peer = fc.oneof(
  caller.map(one => ({ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': one } } })),
  fc.constantFrom<object>(
    { namespaceSelector: {} },
    { namespaceSelector: { matchLabels: { team: 'a' } } },
    { namespaceSelector: { matchExpressions: [{ key: 'team', operator: 'NotIn', values: ['b'] }] } },
    { namespaceSelector: { matchExpressions: [{ key: 'team', operator: 'Exists' }] }, podSelector: {} },
    { podSelector: {} },
    { podSelector: { matchLabels: { app: 'a' } } },
    { ipBlock: { cidr: '10.0.0.0/8' } }
  )
)
const ports = fc.constantFrom<readonly object[]>([], [], [{ port: 8012 }], [{ port: 9090 }])
const networkPolicy = fc
  .record({
    namespace: fc.oneof(caller, fc.constantFrom('user1', 'istio-system', 'knative-serving')),
    podSelector: fc.constantFrom({}, {}, { matchLabels: { app: 'activator' } }),
    policyTypes: fc.constantFrom(['Ingress'], ['Egress']),
    ingress: some(fc.record({ from: some(peer), ports }), 2),
    egress: some(fc.record({ to: some(peer), ports }), 2)
  })
  .map(({ namespace, ...spec }) => object('networking.k8s.io/v1', 'NetworkPolicy', namespace, 'isolate', spec))
const namespaceWith = (name: string, team: string | undefined) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: {
    name,
    labels: {
      ...(team === 'ambient' ? { 'istio.io/dataplane-mode': 'ambient' } : { 'istio-injection': 'enabled' }),
      ...(team === undefined ? {} : { team })
    }
  }
})
const cluster = fc
  .tuple(
    fc.array(fc.constantFrom('a', 'b', 'ambient', undefined), { minLength: CALLERS.length, maxLength: CALLERS.length }),
    fc.array(fc.oneof(policy, policy, destinationRule, sidecar, virtualService, networkPolicy), { maxLength: 7 })
  )
  .map(([teams, drawn]): readonly Manifest[] => [...CALLERS.map((name, i) => namespaceWith(name, teams[i])), ...drawn])

/** Results of the calls from a namespace, regardless of the representative of its class; absent: any namespace. */
function resultsOf(paths: readonly Path[], namespace?: string, withCauses = true): readonly string[] {
  return paths
    .filter(({ caller, from }) => caller === 'in-mesh' && (namespace === undefined ? !from : from?.includes(namespace)))
    .map(({ entry, activatorMode, hops, unevaluated = [] }) => {
      const results = hops.map(({ name, failure }) => [name, withCauses ? failure?.cause : failure === undefined])
      const reasons = withCauses ? unevaluated.map(({ reason }) => reason) : []
      return JSON.stringify([entry, activatorMode, results, reasons])
    })
}

function inferenceServices(state: Snapshot): readonly InferenceService[] {
  return state.list('InferenceService', 'user1')
}

property(t, 'caller class results equal the results of each member namespace', cluster, 150, manifests => {
  const state = clusterWith(manifests)
  for (const service of inferenceServices(state)) {
    const paths = pathsOf(state, service)
    for (const namespace of new Set(paths.flatMap(({ caller, from }) => (caller === 'in-mesh' ? (from ?? []) : [])))) {
      deepStrictEqual(resultsOf(paths, namespace), resultsOf(pathsOf(state, service, 'current', namespace), namespace))
    }
  }
})

/** A policy that names the namespace and never matches. */
const naming = (namespace: string) =>
  object('security.istio.io/v1', 'AuthorizationPolicy', 'istio-system', 'naming', {
    action: 'DENY',
    rules: [{ from: [{ source: { namespaces: [namespace] } }], to: [{ operation: { paths: ['/never'] } }] }]
  })

property(t, 'a namespace outside of all classes has the results of any namespace', cluster, 50, manifests => {
  const state = clusterWith(manifests)
  for (const service of inferenceServices(state)) {
    const paths = pathsOf(state, service)
    // Labels of any namespace are not known, so NetworkPolicies that select namespaces by labels are not evaluated for it.
    if (paths.some(({ caller, from, unevaluated = [] }) => caller === 'in-mesh' && !from && unevaluated.length > 0))
      continue
    const named = new Set(paths.flatMap(({ caller, from }) => (caller === 'in-mesh' ? (from ?? []) : [])))
    // Istio's pattern for the namespace `sa` also matches identities of the namespace `ns`.
    for (const namespace of ['user1', 'c1', 'c2', 'c3'].filter(one => !named.has(one))) {
      const paths = pathsOf(clusterWith([...manifests, naming(namespace)]), service)
      deepStrictEqual(resultsOf(paths, namespace, false), resultsOf(paths, undefined, false))
    }
  }
})
