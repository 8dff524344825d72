import { address, pod, service, slice, webhooks } from './core.ts'
import { model } from './kserve.ts'
import { gateway, rule, sidecar } from './networking.ts'
import { type HostileInput, object, times } from './row.ts'
import { authorizing, injected, tokens } from './security.ts'

const GATEWAYS = { istio: 'ingressgateway' }
const PREDICTOR = { model: { modelFormat: { name: 'sklearn' } } }
const OF_MODEL = { 'serving.kserve.io/inferenceservice': 'sklearn-iris', component: 'predictor' }

/** 100 Services with 100 ports each that select the same pods. */
const manyServices = (namespace: string, selector: object) =>
  times(100, i =>
    service(namespace, `s${i}`, {
      selector,
      ports: times(100, j => ({ name: `p${j}`, port: 10_000 + 100 * i + j, targetPort: 9_000 }))
    })
  )
const servers = (count: number, from = 0) =>
  times(count, i => ({ port: { number: 8_000 + from + i, protocol: 'HTTP', name: `p${i}` }, hosts: ['*'] }))
/** Models without a common fingerprint. */
const models = (count: number) =>
  times(count, i =>
    model(
      { name: `m${i}`, annotations: { 'autoscaling.knative.dev/targetBurstCapacity': `${i}` } },
      { predictor: PREDICTOR }
    )
  )

/** Objects whose evaluation costs multiply. */
export const COMBINED: readonly HostileInput[] = [
  {
    name: 'many Services x a Gateway of many servers',
    admitted: true,
    make: () => gateway(servers(10_000)),
    beside: () => manyServices('istio-system', GATEWAYS)
  },
  {
    name: 'many Services x many Gateways',
    admitted: true,
    make: () => gateway(servers(100)),
    beside: () => [
      ...manyServices('istio-system', GATEWAYS),
      ...times(100, i => gateway(servers(100, 100 * i), GATEWAYS, { name: `g${i}` }))
    ]
  },
  {
    name: 'many Services of a model x its policies',
    admitted: true,
    make: () =>
      service('user1', 'hostile', { selector: OF_MODEL, ports: [{ name: 'http', port: 80, targetPort: 8_012 }] }),
    beside: () => manyServices('user1', OF_MODEL)
  },
  {
    name: 'many Services x a Sidecar of many hosts',
    admitted: true,
    make: () => sidecar({ egress: [{ hosts: times(40_000, i => `*/h${i}.example.com`) }] }),
    beside: () => times(1_000, i => service('user1', `s${i}`, { ports: [{ name: 'http', port: 80 }] }))
  },
  {
    name: 'many EndpointSlices x many pods',
    admitted: true,
    make: () =>
      slice(
        'istio-system',
        'knative-local-gateway',
        'hostile',
        times(1_000, i => ({ addresses: [address(i + 5_000)] })),
        [{ name: 'http', port: 8_081 }]
      ),
    beside: () => [
      service('istio-system', 'knative-local-gateway', { ports: [{ name: 'http', port: 80 }] }),
      ...times(10, i =>
        slice(
          'istio-system',
          'knative-local-gateway',
          `s${i}`,
          times(1_000, j => ({ addresses: [address(i + 10 * j)] })),
          [{ name: 'http', port: 8_081 }]
        )
      ),
      ...times(1_000, i => pod('istio-system', `p${i}`, { app: `a${i}` }))
    ]
  },
  {
    name: 'many pods, all different, of one model',
    admitted: true,
    make: () => pod('user1', 'hostile', { ...OF_MODEL, v: 'hostile' }),
    beside: () => times(1_000, i => pod('user1', `p${i}`, { ...OF_MODEL, v: `v${i}` }))
  },
  {
    name: 'many models x a policy of many rules',
    admitted: true,
    make: () =>
      authorizing({
        rules: times(200, i => ({
          from: [{ source: { namespaces: ['n'] } }],
          to: [{ operation: { paths: [`/v1/models/m${i}*`] } }]
        }))
      }),
    beside: () => models(50)
  },
  {
    name: 'many models x a Gateway of many wildcards',
    admitted: true,
    make: () =>
      gateway([
        { port: { number: 8_081, protocol: 'HTTP', name: 'a' }, hosts: times(40_000, i => `*.h${i}.example.com`) }
      ]),
    beside: () => models(50)
  },
  {
    name: 'many models x a VirtualService of many hosts',
    admitted: true,
    make: () =>
      object('networking.istio.io/v1beta1', 'VirtualService', {
        hosts: times(40_000, i => `h${i}.example.com`),
        gateways: ['mesh'],
        http: [{ route: [{ destination: { host: 'a' } }] }]
      }),
    beside: () => models(50)
  },
  {
    name: 'many models x many DestinationRules',
    admitted: true,
    make: () => rule({ host: '*.user1.svc.cluster.local', subsets: times(5_000, i => ({ name: `s${i}` })) }),
    beside: () => [
      ...models(50),
      ...times(500, i =>
        rule(
          { host: `m${i}.user1.svc.cluster.local`, trafficPolicy: { tls: { mode: 'ISTIO_MUTUAL' } } },
          { name: `r${i}` }
        )
      )
    ]
  },
  {
    name: 'many models x an InferenceGraph of many steps',
    admitted: true,
    make: () =>
      object('serving.kserve.io/v1alpha1', 'InferenceGraph', {
        nodes: { root: { steps: times(30_000, i => ({ serviceName: `x${i}` })) } }
      }),
    beside: () => models(50)
  },
  {
    name: 'many DestinationRules of one host with many subsets each',
    admitted: true,
    make: () => rule({ host: 'a.b.svc.cluster.local', subsets: times(500, i => ({ name: `s${i}` })) }),
    beside: () =>
      times(200, i =>
        rule({ host: 'a.b.svc.cluster.local', subsets: times(200, j => ({ name: `s${i}-${j}` })) }, { name: `r${i}` })
      )
  },
  {
    name: 'many DestinationRules of one host that are exported to many namespaces',
    admitted: true,
    make: () => rule({ host: '*.local', exportTo: times(50_000, i => `n${i}`) }),
    beside: () =>
      times(50, i => rule({ host: '*.local', exportTo: times(1_000, j => `n${i}-${j}`) }, { name: `r${i}` }))
  },
  {
    name: 'VirtualService and Service of a model that are exported to many namespaces',
    admitted: true,
    make: () =>
      object('networking.istio.io/v1beta1', 'VirtualService', {
        hosts: ['sklearn-iris-predictor.user1.svc.cluster.local'],
        exportTo: times(50_000, i => `n${i}`),
        http: [{ route: [{ destination: { host: 'sklearn-iris-predictor.user1.svc.cluster.local' } }] }]
      }),
    beside: () => {
      const annotations = { 'networking.istio.io/exportTo': times(30_000, i => `n${i}`).join() }
      return times(10, i => service('user1', `s${i}`, { ports: [{ name: 'http', port: 80 }] }, { annotations }))
    }
  },
  {
    name: 'many PeerAuthentications of one namespace',
    admitted: true,
    make: () => object('security.istio.io/v1beta1', 'PeerAuthentication', { mtls: { mode: 'STRICT' } }),
    beside: () =>
      times(1_000, i =>
        object(
          'security.istio.io/v1beta1',
          'PeerAuthentication',
          { selector: { matchLabels: { ...OF_MODEL } }, mtls: { mode: 'STRICT' } },
          { name: `p${i}` }
        )
      )
  },
  {
    name: 'many AuthorizationPolicies of one namespace',
    admitted: true,
    make: () => authorizing({ action: 'DENY', rules: [{ from: [{ source: { namespaces: ['n'] } }] }] }),
    beside: () =>
      times(500, i =>
        authorizing(
          { selector: { matchLabels: { app: `a${i}` } }, rules: [{ to: [{ operation: { paths: ['/metrics'] } }] }] },
          { name: `p${i}` }
        )
      )
  },
  {
    name: 'many RequestAuthentications x a policy that requires JWTs',
    admitted: true,
    make: () => authorizing({ rules: [{ from: [{ source: { requestPrincipals: times(2_000, i => `i${i}/*`) } }] }] }),
    beside: () =>
      times(50, i => tokens({ jwtRules: times(500, j => ({ issuer: `i${i}-${j}`, jwks: 'a' })) }, { name: `t${i}` }))
  },
  {
    name: 'many Sidecars, one a namespace',
    admitted: true,
    make: () => sidecar({ egress: [{ hosts: ['./*', 'istio-system/*'] }] }),
    beside: () =>
      times(100, i => injected(`sidecar-${i}`)).flatMap(one => [
        one,
        sidecar({ egress: [{ hosts: ['*/*'] }] }, one.metadata.name)
      ])
  },
  {
    name: 'many webhooks x a Service of many pods',
    admitted: true,
    make: () =>
      webhooks(
        'Validating',
        times(2_000, i => ({
          name: `w${i}.a.io`,
          clientConfig: { service: { namespace: 'istio-system', name: 'hostile', port: i + 1 } }
        }))
      ),
    beside: () => [
      service('istio-system', 'hostile', {
        selector: { app: 'hostile' },
        ports: times(2_000, i => ({ name: `p${i}`, port: i + 1, targetPort: 9_443 }))
      }),
      ...times(200, i => pod('istio-system', `p${i}`, { app: 'hostile', v: `v${i}` }))
    ]
  }
]
