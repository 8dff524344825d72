import { entries, type HostileInput, type Manifest, object, times } from './row.ts'

const network = (spec: unknown) => object('networking.k8s.io/v1', 'NetworkPolicy', spec)
const GATEWAY_API = 'gateway.networking.k8s.io/v1'
const gatewayClass = (spec: unknown): Manifest => ({
  apiVersion: GATEWAY_API,
  kind: 'GatewayClass',
  metadata: { name: 'istio' },
  spec
})

/** Hostile inputs of kinds that are read but not evaluated. */
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
  }
]
