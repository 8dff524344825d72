import { entries, type HostileInput, type Manifest, object, times } from './row.ts'

const network = (spec: unknown, namespace?: string) =>
  object('networking.k8s.io/v1', 'NetworkPolicy', spec, {}, namespace)
const named = (count: number) => ({
  matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: times(count, i => `peer${i}`) }]
})
const namespaceObject = (name: string): Manifest => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels: { 'istio-injection': 'enabled' } }
})
const GATEWAY_API = 'gateway.networking.k8s.io/v1'
const gatewayClass = (spec: unknown) => clusterScoped(GATEWAY_API, 'GatewayClass', 'istio', spec)

const NETWORKING = 'networking.k8s.io/v1'
const backend = { service: { name: 'sklearn-iris-predictor', port: { number: 80 } } }
const clusterScoped = (apiVersion: string, kind: string, name: string, spec: unknown): Manifest => ({
  apiVersion,
  kind,
  metadata: { name },
  spec
})

/** Hostile inputs of NetworkPolicies and of kinds that route requests in Standard mode. */
export const TRAFFIC: readonly HostileInput[] = [
  {
    name: 'NetworkPolicy: an expression with 20,000 values',
    admitted: true,
    make: () =>
      network({
        podSelector: {
          matchExpressions: [{ key: 'app', operator: 'NotIn', values: times(20_000, i => `v${i}`.padEnd(63, 'x')) }]
        }
      })
  },
  {
    name: 'NetworkPolicy: selects by 4,096 labels',
    admitted: true,
    make: () =>
      network({
        podSelector: {
          matchLabels: entries(
            4_096,
            i => `k${i}`,
            i => `v${i}`.padEnd(63, 'x')
          )
        }
      })
  },
  {
    name: 'NetworkPolicy: every pod, 20,000 addresses',
    admitted: true,
    make: () =>
      network({
        podSelector: {},
        ingress: [{ from: times(20_000, i => ({ ipBlock: { cidr: `10.${i % 256}.${i >> 8}.0/24` } })) }]
      })
  },
  {
    name: 'NetworkPolicy: 20,000 addresses with an exception, both directions, in the namespace of the gateways',
    admitted: true,
    make: () => {
      const peers = times(10_000, i => ({
        ipBlock: { cidr: `10.${i % 256}.${i >> 8}.0/24`, except: [`10.${i % 256}.${i >> 8}.1/32`] }
      }))
      const spec = { podSelector: {}, policyTypes: ['Ingress', 'Egress'], ingress: [{ from: peers }] }
      return network({ ...spec, egress: [{ to: peers }] }, 'istio-system')
    }
  },
  {
    name: 'NetworkPolicy: 8,000 rules for labels and names of ports',
    admitted: true,
    make: () =>
      network({
        podSelector: {},
        ingress: times(8_000, i => ({
          from: [
            { namespaceSelector: { matchLabels: { [`k${i}`]: 'x' } }, podSelector: { matchLabels: { a: `${i}` } } }
          ],
          ports: [{ port: `p${i}` }]
        }))
      })
  },
  {
    name: 'NetworkPolicy: names 20,000 namespaces, 1,000 of which exist with a policy of their own',
    admitted: true,
    make: () => network({ podSelector: {}, ingress: [{ from: [{ namespaceSelector: named(20_000) }] }] }),
    beside: () => [
      ...times(1_000, i => namespaceObject(`peer${i}`)),
      ...times(1_000, i => network({ podSelector: {}, policyTypes: ['Egress'] }, `peer${i}`))
    ]
  },
  { name: 'NetworkPolicy: null', admitted: true, make: () => network(null) },
  {
    name: 'KubernetesGateway: 64 listeners with long names',
    admitted: true,
    make: () =>
      object(GATEWAY_API, 'Gateway', {
        gatewayClassName: 'istio',
        listeners: times(64, i => ({ name: `l${i}`.padEnd(253, 'x'), port: i + 1, protocol: 'HTTP' }))
      })
  },
  {
    name: 'GatewayClass: a long controller name',
    admitted: true,
    make: () => gatewayClass({ controllerName: `example.com/${'x'.repeat(240)}` })
  },
  {
    name: 'HTTPRoute: 16 hosts, 16 rules of 8 matches with long expressions',
    admitted: true,
    make: () =>
      object(GATEWAY_API, 'HTTPRoute', {
        parentRefs: [{ name: 'kserve-ingress-gateway', namespace: 'kserve' }],
        hostnames: times(16, i => `h${i}.example.com`),
        rules: times(16, i => ({
          matches: times(8, j => ({
            path: { type: 'RegularExpression', value: `/${'.*a'.repeat(339)}${i}-${j}` },
            headers: times(2, k => ({ type: 'RegularExpression', name: `h${k}`, value: '(a+)+$'.repeat(600) }))
          })),
          backendRefs: times(16, j => ({ name: `b${j}`, port: 80 }))
        }))
      })
  },
  { name: 'HTTPRoute: null', admitted: false, make: () => object(GATEWAY_API, 'HTTPRoute', null) },
  {
    name: 'ReferenceGrant: 16 sources and targets',
    admitted: true,
    make: () =>
      object('gateway.networking.k8s.io/v1beta1', 'ReferenceGrant', {
        from: times(16, i => ({ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: `n${i}` })),
        to: times(16, i => ({ group: '', kind: 'Service', name: `s${i}` }))
      })
  },
  {
    name: 'Ingress: 5,000 hosts, one with 2,000 paths',
    admitted: true,
    make: () =>
      object(NETWORKING, 'Ingress', {
        ingressClassName: 'istio',
        rules: [
          ...times(5_000, i => ({
            host: `h${i}.example.com`,
            http: { paths: [{ path: '/', pathType: 'Prefix', backend }] }
          })),
          {
            host: 'sklearn-iris-user1.example.com',
            http: { paths: times(2_000, i => ({ path: `/${i}`, pathType: 'Prefix', backend })) }
          }
        ]
      })
  },
  {
    name: 'IngressClass: a long controller name',
    admitted: true,
    make: () => clusterScoped(NETWORKING, 'IngressClass', 'istio', { controller: `example.com/${'x'.repeat(200)}` })
  }
]
