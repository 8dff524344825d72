import { entries, type HostileInput, inherited, object, times } from './row.ts'

const GROUP = 'networking.istio.io/v1beta1'
const GATEWAYS = { istio: 'ingressgateway' }

/** Gateway for the ingress gateway pods. */
export const gateway = (servers: readonly object[], selector: object = GATEWAYS, metadata: object = {}) =>
  object(GROUP, 'Gateway', { selector, servers }, { ...metadata }, 'knative-serving')
const plain = (i: number, host = '*') => ({
  port: { number: 8081, protocol: 'HTTP', name: `http-${i}` },
  hosts: [host]
})
const secure = (i: number, more: object = {}) => ({
  port: { number: 8443, protocol: 'HTTPS', name: `https-${i}` },
  hosts: [`h${i}.example.com`],
  tls: { mode: 'ISTIO_MUTUAL' },
  ...more
})
/** Nested wildcard hosts of increasing length. */
const wider = (count: number) => times(count, i => `*${'.a'.repeat(i % 120)}.h${i}.example.com`)

const gateways: readonly HostileInput[] = [
  { name: 'Gateway: 15,000 servers of one port', admitted: true, make: () => gateway(times(15_000, i => plain(i))) },
  {
    name: 'Gateway: 10,000 TLS servers with a host each',
    admitted: true,
    make: () => gateway(times(10_000, i => secure(i)))
  },
  {
    name: 'Gateway: 10,000 TLS servers with an address each',
    admitted: true,
    make: () => gateway(times(10_000, i => secure(i, { bind: `10.${i >> 8}.${i & 255}.1` })))
  },
  {
    name: 'Gateway: 10,000 servers with a protocol each',
    admitted: true,
    make: () => gateway(times(10_000, i => secure(i, { port: { number: 8443, protocol: `P${i}`, name: `p-${i}` } })))
  },
  {
    name: 'Gateway: 10,000 servers with a port each',
    admitted: true,
    make: () => gateway(times(10_000, i => ({ port: { number: i, protocol: 'HTTP', name: `p${i}` }, hosts: ['*'] })))
  },
  {
    name: 'Gateway: 50,000 hosts of one server',
    admitted: true,
    make: () => gateway([secure(0, { hosts: times(50_000, i => `user1/h${i}.example.com`) })])
  },
  {
    name: 'Gateway: 9,000 nested wildcards',
    admitted: true,
    make: () => gateway([secure(0, { hosts: wider(6_000) }), { ...plain(0), hosts: wider(3_000) }])
  },
  {
    name: 'Gateway: hosts of only slashes, dots and asterisks',
    admitted: true,
    make: () => gateway([secure(0, { hosts: ['*/*', './*', '~/*', '/', '', '*', '**', '*.', './', '*/*/*', '.'] })])
  },
  {
    name: 'Gateway: a host of 1.4 MB',
    admitted: true,
    make: () => gateway([secure(0, { hosts: [`*${'.a'.repeat(700_000)}`] })])
  },
  {
    name: 'Gateway: ports out of range',
    admitted: true,
    make: () =>
      gateway(times(3, i => ({ ...plain(i), port: { number: [0, 65_536, 4_294_967_295][i], protocol: '', name: '' } })))
  },
  {
    name: 'Gateway: negative port',
    admitted: false,
    make: () => gateway([{ ...plain(0), port: { number: -1, protocol: 'HTTP', name: 'a' } }])
  },
  {
    name: 'Gateway: a selector of 20,000 labels',
    admitted: true,
    make: () =>
      gateway(
        [plain(0)],
        entries(
          20_000,
          i => `k${i}`,
          i => `v${i}`.padEnd(50, 'x')
        )
      )
  },
  {
    name: 'Gateway: a selector with inherited property names',
    admitted: true,
    make: () => gateway([plain(0)], inherited('a'))
  },
  {
    name: 'Gateway: null in every field that is read',
    admitted: false,
    make: () => gateway([{ port: null, bind: null, hosts: null, tls: null }], { istio: null })
  }
]

const virtualService = (spec: unknown) => object(GROUP, 'VirtualService', spec)
const route = [{ route: [{ destination: { host: 'a' } }] }]

const virtualServices: readonly HostileInput[] = [
  {
    name: 'VirtualService: 50,000 hosts',
    admitted: true,
    make: () =>
      virtualService({
        gateways: ['knative-serving/knative-local-gateway'],
        hosts: times(50_000, i => `h${i}.user1.svc.cluster.local`.slice(0, 24)),
        http: route
      })
  },
  {
    name: 'VirtualService: 8,000 wildcards for hosts of models, on 5,000 gateways',
    admitted: true,
    make: () =>
      virtualService({
        gateways: [...times(5_000, i => `n${i}/g${i}`), 'knative-serving/knative-local-gateway'],
        hosts: [...wider(8_000), '*', '*.svc.cluster.local', 'sklearn-iris.user1.svc.cluster.local'],
        http: route
      })
  },
  {
    name: 'VirtualService: 100,000 gateways',
    admitted: true,
    make: () =>
      virtualService({
        gateways: times(100_000, i => `n/g${i}`),
        hosts: ['sklearn-iris-predictor.user1.svc.cluster.local'],
        http: route
      })
  },
  {
    name: 'VirtualService: 10,000 routes',
    admitted: true,
    make: () =>
      virtualService({
        hosts: ['*'],
        http: times(10_000, i => ({ match: [{ uri: { regex: '(a+)+$' } }], redirect: { uri: `/${i}` } }))
      })
  },
  {
    name: 'VirtualService: regular expressions of many alternatives',
    admitted: true,
    make: () =>
      virtualService({
        hosts: ['*'],
        http: times(50, i => ({
          match: [{ uri: { regex: `${i}(${times(90, j => `[a-m]{${j % 9}}`).join('|')})*` } }],
          redirect: { uri: '/' }
        }))
      })
  },
  { name: 'VirtualService: no hosts', admitted: true, make: () => virtualService({ hosts: [], gateways: [''] }) }
]

export const rule = (spec: object, metadata: object = {}) => object(GROUP, 'DestinationRule', spec, { ...metadata })
const MUTUAL = { tls: { mode: 'ISTIO_MUTUAL' } }

const destinationRules: readonly HostileInput[] = [
  {
    name: 'DestinationRule: 10,000 subsets with a policy each',
    admitted: true,
    make: () =>
      rule({
        host: '*.user1.svc.cluster.local',
        subsets: times(10_000, i => ({ name: `s${i}`, labels: { v: `${i}` }, trafficPolicy: MUTUAL }))
      })
  },
  {
    name: 'DestinationRule: 4,096 ports, twice, with a policy each',
    admitted: true,
    make: () => {
      const portLevelSettings = times(4_096, i => ({ port: { number: 65_535 - i }, ...MUTUAL }))
      const subsets = [{ name: 'a', trafficPolicy: { portLevelSettings } }]
      return rule({ host: '*.local', trafficPolicy: { portLevelSettings }, subsets })
    }
  },
  {
    name: 'DestinationRule: 40,000 subjectAltNames',
    admitted: true,
    make: () =>
      rule({
        host: '*.local',
        trafficPolicy: { tls: { mode: 'MUTUAL', subjectAltNames: times(40_000, i => `spiffe://a/ns/n/sa/${i}`) } }
      })
  },
  {
    name: 'DestinationRule: exported to 100,000 namespaces',
    admitted: true,
    make: () =>
      rule({ host: '*.local', exportTo: times(100_000, i => `n${i}`), trafficPolicy: { tls: { mode: 'SIMPLE' } } })
  },
  {
    name: 'DestinationRule: a host of 1.4 MB',
    admitted: true,
    make: () => rule({ host: `*${'.a'.repeat(700_000)}`, trafficPolicy: MUTUAL })
  },
  {
    name: 'DestinationRule: a host of only dots',
    admitted: true,
    make: () => rule({ host: '.'.repeat(1_000_000), trafficPolicy: MUTUAL })
  },
  { name: 'DestinationRule: a host named __proto__', admitted: true, make: () => rule({ host: '__proto__' }) },
  {
    name: 'DestinationRule: an SNI of 1 MB with control characters',
    admitted: true,
    make: () => rule({ host: '*.local', trafficPolicy: { tls: { mode: 'MUTUAL', sni: '\u001b\n'.repeat(100_000) } } })
  },
  {
    name: 'DestinationRule: selects by 4,096 labels',
    admitted: true,
    make: () =>
      rule({
        host: '*.local',
        trafficPolicy: MUTUAL,
        workloadSelector: {
          matchLabels: entries(
            4_096,
            i => `k${i}`,
            i => `v${i}`.padEnd(63, 'x')
          )
        }
      })
  },
  {
    name: 'DestinationRule: null in every field that is read',
    admitted: true,
    make: () =>
      rule({
        host: '*.local',
        exportTo: null,
        workloadSelector: null,
        subsets: null,
        trafficPolicy: { tls: { mode: null }, loadBalancer: null, portLevelSettings: null }
      })
  }
]

const serviceEntries: readonly HostileInput[] = [
  {
    name: 'ServiceEntry: 50,000 hosts, half of them wildcards',
    admitted: false,
    make: () =>
      object(GROUP, 'ServiceEntry', {
        hosts: times(50_000, i => (i % 2 === 0 ? `*.n${i}.svc.cluster.local` : `a${i}.example.com`)),
        ports: [{ number: 80, name: 'http', protocol: 'HTTP' }],
        resolution: 'NONE'
      })
  },
  {
    name: 'ServiceEntry: 256 long hosts, half of them wildcards',
    admitted: true,
    make: () =>
      object(GROUP, 'ServiceEntry', {
        hosts: times(256, i => {
          const labels = `n${i}.${'x.'.repeat(110)}`
          return i % 2 === 0 ? `*.${labels}svc.cluster.local` : `${labels}example.com`
        }),
        ports: [{ number: 80, name: 'http', protocol: 'HTTP' }],
        resolution: 'NONE'
      })
  }
]

export const sidecar = (spec: unknown, namespace = 'user1') => object(GROUP, 'Sidecar', spec, {}, namespace)

const sidecars: readonly HostileInput[] = [
  {
    name: 'Sidecar: 50,000 hosts of one egress',
    admitted: true,
    make: () => sidecar({ egress: [{ hosts: times(50_000, i => `n${i}/*.example.com`) }] })
  },
  {
    name: 'Sidecar: 20,000 egresses',
    admitted: true,
    make: () => sidecar({ egress: times(20_000, i => ({ hosts: ['*/*'], port: { number: i, name: 'a' } })) })
  },
  {
    name: 'Sidecar: hosts of only tildes, slashes and asterisks',
    admitted: true,
    make: () => sidecar({ egress: [{ hosts: ['~/*', '~~/*', '*/*', '/', '', '.', './', '*', '*/**', '//', '~'] }] })
  },
  {
    name: 'Sidecar: a host of 500,000 slashes',
    admitted: true,
    make: () => sidecar({ egress: [{ hosts: ['/'.repeat(500_000), '~'.repeat(500_000)] }] })
  },
  {
    name: 'Sidecar: of the root namespace, 50,000 hosts',
    admitted: true,
    make: () => sidecar({ egress: [{ hosts: times(50_000, i => `~/h${i}.example.com`) }] }, 'istio-system')
  },
  { name: 'Sidecar: null', admitted: true, make: () => sidecar(null) }
]

/** Hostile inputs of Istio traffic kinds. */
export const NETWORKING: readonly HostileInput[] = [
  ...gateways,
  ...virtualServices,
  ...destinationRules,
  ...serviceEntries,
  ...sidecars
]
