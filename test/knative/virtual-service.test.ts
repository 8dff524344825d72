import t from 'tap'
import { knativeVirtualServices } from '../../src/knative/virtual-service.ts'
import { configMap, together } from '../support/objects.ts'
import { stateOf } from '../support/snapshot.ts'

const istio = (data: Readonly<Record<string, string>>) => configMap('knative-serving', 'config-istio', data)
const domain = (data: Readonly<Record<string, string>>) => configMap('knative-serving', 'config-domain', data)
const gateways = (...names: readonly string[]) =>
  JSON.stringify(names.map(name => ({ name, namespace: 'knative-serving', service: `${name}.istio-system.svc` })))

const SERVICE = { namespace: 'user1', name: 'a', labels: {}, created: undefined }
const LATEST = [{ revision: 'a-00002', percent: 100 }]
const FULL = 'a.user1.svc.cluster.local'
const LOCAL = ['a.user1', 'a.user1.svc', FULL]

/** By name: gateways, hosts, and the host prefix and gateways of each route. */
function summary(yaml: string, traffic = LATEST) {
  const made = knativeVirtualServices(stateOf(yaml), SERVICE, traffic)
  return made.map(({ name, spec }) => [
    name,
    spec.gateways,
    spec.hosts,
    spec.http?.map(({ match }) => [match?.[0]?.authority?.prefix, match?.[0]?.gateways])
  ])
}

const INGRESS = 'knative-serving/knative-ingress-gateway'
const LOCAL_GATEWAY = 'knative-serving/knative-local-gateway'
const MESH = ['a-mesh', ['mesh'], LOCAL, [['a.user1', ['mesh']]]]

t.test('VirtualServices of a Knative Service', async t => {
  for (const [name, yaml, expected] of [
    [
      'with an external domain',
      domain({ 'example.com': '' }),
      [
        MESH,
        [
          'a-ingress',
          [INGRESS, LOCAL_GATEWAY],
          ['a.user1', 'a.user1.example.com', 'a.user1.svc', FULL],
          [
            ['a.user1', [LOCAL_GATEWAY]],
            ['a.user1.example.com', [INGRESS]]
          ]
        ]
      ]
    ],
    [
      'with the domain of the cluster',
      domain({ 'svc.cluster.local': '' }),
      [MESH, ['a-ingress', [LOCAL_GATEWAY], LOCAL, [['a.user1', [LOCAL_GATEWAY]]]]]
    ],
    [
      'with a domain that is not known',
      together(
        domain({ 'example.com': '' }),
        configMap('knative-serving', 'config-network', { 'domain-template': '{{ if .Name }}a{{ end }}' })
      ),
      [MESH, ['a-ingress', [LOCAL_GATEWAY], LOCAL, [['a.user1', [LOCAL_GATEWAY]]]]]
    ],
    [
      'with several gateways, one for both',
      together(
        domain({ 'example.com': '' }),
        istio({ 'external-gateways': gateways('b', 'a'), 'local-gateways': gateways('c', 'a') })
      ),
      [
        MESH,
        [
          'a-ingress',
          ['knative-serving/a', 'knative-serving/b', 'knative-serving/c'],
          ['a.user1', 'a.user1.example.com', 'a.user1.svc', FULL],
          [
            ['a.user1', ['knative-serving/a', 'knative-serving/c']],
            ['a.user1.example.com', ['knative-serving/a', 'knative-serving/b']]
          ]
        ]
      ]
    ],
    [
      'without a local gateway, sidecars have only the full name',
      together(domain({ 'svc.cluster.local': '' }), istio({ 'local-gateways': '[]' })),
      [['a-mesh', ['mesh'], [FULL], [['a.user1', ['mesh']]]]]
    ]
  ] as const) {
    t.same(summary(yaml), expected, name)
  }
})

t.test('routes send requests to the revisions of the traffic', async t => {
  const traffic = [
    { revision: 'a-00002', percent: 10 },
    { revision: 'a-00001', percent: 90 }
  ]
  const [mesh] = knativeVirtualServices(stateOf(''), SERVICE, traffic)
  t.match(mesh?.spec.http?.[0]?.route, [
    {
      destination: { host: 'a-00002.user1.svc.cluster.local', port: { number: 80 } },
      headers: { request: { set: { 'Knative-Serving-Revision': 'a-00002' } } },
      weight: 10
    },
    { destination: { host: 'a-00001.user1.svc.cluster.local' }, weight: 90 }
  ])
})
