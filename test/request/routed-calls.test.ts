/** Routes of VirtualServices and HTTPRoutes at a waypoint. */
import t from 'tap'
import { destinationOf } from '../../src/request/destination.ts'
import { type CallResults, evaluateCalls } from '../../src/request/evaluate-calls.ts'
import { toWorkload } from '../../src/state/workload.ts'
import { authentication, authorization, namespace, networkPolicy, pod, together, waypoint } from '../support/objects.ts'
import { stateOf } from '../support/snapshot.ts'

const captured = (yaml: string) =>
  yaml.replace('metadata: {', 'metadata: { annotations: { ambient.istio.io/redirection: enabled },')
const service = (name: string, of = 'user1', more = '', ports = '{ name: http, port: 80, targetPort: 8080 }') => `
apiVersion: v1
kind: Service
metadata: { namespace: ${of}, name: ${name} ${more} }
spec: { selector: { app: ${name} }, ports: [${ports}] }
`
const podOf = (name: string, of = 'user1', labels = 'serving.kserve.io/inferenceservice: cats') =>
  captured(pod(of, name, `app: ${name}, version: ${name}, ${labels}`, 'none'))
const virtualService = (http: string, name = 'routes', of = 'user1', more = '') => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: ${name}, namespace: ${of}, creationTimestamp: "2026-01-01T00:00:00Z" }
spec: { hosts: [cats.user1.svc.cluster.local], http: [${http}] ${more} }
`
const to = (host: string, more = '') => `route: [{ destination: { host: ${host}.user1.svc.cluster.local ${more} } }]`
const httpRoute = (rules: string, parent = '', name = 'http', of = 'user1') => `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: ${name}, namespace: ${of}, creationTimestamp: "2026-01-01T00:00:00Z" }
spec: { parentRefs: [{ group: "", kind: Service, name: cats, namespace: user1 ${parent} }], rules: [${rules}] }
`
const backend = (name: string, more = '') => `{ backendRefs: [{ name: ${name}, port: 80 ${more} }] }`
const WAYPOINT_POD = 'gateway.networking.k8s.io/gateway-name: waypoint'
const waypointLabel = 'istio.io/use-waypoint: waypoint'
const AMBIENT = 'istio.io/dataplane-mode: ambient'
const from = (name: string) => `rules: [{ from: [{ source: { namespaces: [${name}] } }] }]`

/** Model `cats` behind a waypoint; `kittens` are other pods of it, `dogs` those of another model. `tabby` is in another namespace. */
const STATE = together(
  namespace(`${AMBIENT}, ${waypointLabel}`),
  namespace(AMBIENT).replace('user1', 'clients'),
  namespace(AMBIENT).replace('user1', 'farm'),
  waypoint(),
  captured(pod('clients', 'client', 'app: client', 'none')),
  service('cats'),
  podOf('cats'),
  service('kittens'),
  podOf('kittens'),
  service('dogs'),
  podOf('dogs', 'user1', 'serving.kserve.io/inferenceservice: dogs'),
  service('empty'),
  service('barn', 'farm', ', annotations: { networking.istio.io/exportTo: "." }')
)
const SUBSET = `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: cats, namespace: user1 }
spec: { host: cats, subsets: [{ name: all, labels: { app: cats } }, { name: none, labels: { app: dogs } }] }
`
const TLS = `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: kittens, namespace: user1 }
spec: { host: kittens, trafficPolicy: { tls: { mode: DISABLE } } }
`
const OPTED_OUT = service('kittens', 'user1', ', labels: { istio.io/use-waypoint: none }')
const SIDECAR = pod(
  'user1',
  'kittens',
  'app: kittens, serving.kserve.io/inferenceservice: cats, networking.istio.io/tunnel: http, security.istio.io/tlsMode: istio',
  'sidecar'
)
const PATH_OF_KITTENS = authorization(
  'user1',
  '{ selector: { matchLabels: { app: kittens } }, rules: [{ to: [{ operation: { paths: [/kittens] } }] }] }'
)
const REDIRECT = 'redirect: { uri: / }'
const CLAIM = 'match: [{ headers: { "@request.auth.claims.sub": { exact: me } } }]'
const TOKENS = `{ targetRefs: [{ group: "", kind: Service, name: cats }], jwtRules: [{ issuer: https://issuer.example.com }] }`

const HOST = 'cats.user1.svc.cluster.local'

function outcome(yaml: string, port = 80): string {
  const view = stateOf(together(STATE, yaml))
  const client = view.get('Pod', 'clients', 'client')
  if (client === undefined) throw new Error('no client')
  const call = {
    host: HOST,
    path: '/v1/models/cats:predict',
    method: 'POST',
    token: { issuer: 'https://issuer.example.com' },
    headers: {},
    headersComplete: false
  }
  return describe(evaluateCalls(view, [toWorkload(client)], call, destinationOf(view, HOST, port, undefined)))
}

function describe({ failure, unknown, calls }: CallResults): string {
  if (unknown !== undefined) return unknown.reason
  if (failure === undefined)
    return calls
      .map(
        ({ connection: { sent, server }, via }) => `${via ? '' : 'directly '}${sent.send} to ${server.workload.name}`
      )
      .join(', ')
  const details =
    failure.cause === 'routed-elsewhere'
      ? `: ${failure.virtualService.name} ${failure.how}`
      : failure.cause === 'backend-invalid'
        ? `: ${failure.reason}`
        : failure.cause === 'no-route' && 'object' in failure
          ? `: ${failure.object.name}`
          : failure.cause === 'no-endpoints'
            ? `: ${failure.address.name}`
            : ''
  return `${failure.cause}${details}`
}

const ROUTES: Readonly<Record<string, readonly [objects: string, expected: string]>> = {
  'no route': ['', 'hbone to cats'],
  'VirtualService to the Service itself': [virtualService(`{ ${to('cats')} }`), 'hbone to cats'],
  'VirtualService with a split to other pods of the model': [
    virtualService(
      `{ route: [{ destination: { host: cats }, weight: 90 }, { destination: { host: kittens }, weight: 10 }] }`
    ),
    'hbone to cats, hbone to kittens'
  ],
  'VirtualService to another model': [virtualService(`{ ${to('dogs')} }`), 'routed-elsewhere: routes destination'],
  'VirtualService to a host outside of the cluster': [
    virtualService('{ route: [{ destination: { host: example.com } }] }'),
    'routed-elsewhere: routes destination'
  ],
  'VirtualService to a Service without endpoints': [virtualService(`{ ${to('empty')} }`), 'no-endpoints: empty'],
  'VirtualService to a Service that does not exist': [virtualService(`{ ${to('lions')} }`), 'no-endpoints: lions'],
  'VirtualService to a Service that is not exported to the waypoint': [
    virtualService('{ route: [{ destination: { host: barn.farm.svc.cluster.local } }] }'),
    'service-not-exported'
  ],
  'VirtualService to a port of the Service that does not exist': [
    virtualService(`{ ${to('cats', ', port: { number: 81 }')} }`),
    'no-endpoints: cats'
  ],
  'VirtualService to the same pods, which name no model': [
    together(podOf('cats', 'user1', 'a: b'), virtualService(`{ ${to('cats')} }`)),
    'hbone to cats'
  ],
  'VirtualService to a subset': [
    together(SUBSET, virtualService(`{ ${to('cats', ', subset: all')} }`)),
    'hbone to cats'
  ],
  'VirtualService to a subset without pods': [
    together(SUBSET, virtualService(`{ ${to('cats', ', subset: none')} }`)),
    'routed-elsewhere: routes subset'
  ],
  'VirtualService to a subset that no DestinationRule defines': [
    virtualService(`{ ${to('cats', ', subset: all')} }`),
    'routed-elsewhere: routes subset'
  ],
  'VirtualService that redirects': [virtualService(`{ ${REDIRECT} }`), 'routed-elsewhere: routes redirect'],
  'VirtualService for other requests': [
    virtualService(`{ match: [{ uri: { prefix: /other } }], ${to('cats')} }`),
    'routed-elsewhere: routes no match'
  ],
  'VirtualService without destinations': [virtualService('{ route: [] }'), 'routed-elsewhere: routes no match'],
  'VirtualService for another port': [virtualService(`{ match: [{ port: 81 }], ${REDIRECT} }`), 'hbone to cats'],
  'VirtualService for labels of pods, which waypoints do not have': [
    virtualService(`{ match: [{ gateways: [mesh], sourceLabels: { ${WAYPOINT_POD} } }], ${REDIRECT} }`),
    'hbone to cats'
  ],
  'VirtualService for the namespace of the waypoint, not that of the client': [
    virtualService(
      `{ match: [{ sourceNamespace: clients }], ${REDIRECT} }, { match: [{ sourceNamespace: user1 }], ${to('dogs')} }`
    ),
    'routed-elsewhere: routes destination'
  ],
  'VirtualService of a gateway': [
    virtualService(`{ ${REDIRECT} }`, 'routes', 'user1', ', gateways: [other]'),
    'hbone to cats'
  ],
  'VirtualService of the namespace of the client, which sidecars would use': [
    virtualService(`{ ${REDIRECT} }`, 'routes', 'clients'),
    'hbone to cats'
  ],
  'VirtualService that the client alone sees': [
    virtualService(`{ ${REDIRECT} }`, 'routes', 'user1', ', exportTo: [clients]'),
    'hbone to cats'
  ],
  'a later VirtualService for what the first does not match': [
    together(
      virtualService(`{ match: [{ uri: { prefix: /other } }], ${REDIRECT} }`, 'a'),
      virtualService(`{ ${to('cats')} }`, 'b')
    ),
    'hbone to cats'
  ],
  'the first VirtualService of two': [
    together(virtualService(`{ ${to('cats')} }`, 'a'), virtualService(`{ ${REDIRECT} }`, 'b')),
    'hbone to cats'
  ],
  'VirtualService with a claim that no JWT proves': [
    virtualService(`{ ${CLAIM}, ${REDIRECT} }, { ${to('cats')} }`),
    'hbone to cats'
  ],
  'VirtualService with a claim of a validated JWT': [
    together(authentication('user1', TOKENS), virtualService(`{ ${CLAIM}, ${REDIRECT} }, { ${to('cats')} }`)),
    'JWT claims or scheme decide whether VirtualService user1/routes routes the request'
  ],
  'a TCP port has no HTTP routes': [
    together(
      service('cats', 'user1', '', '{ name: tcp, port: 80, targetPort: 8080 }'),
      virtualService(`{ ${REDIRECT} }`)
    ),
    'hbone to cats'
  ],
  'a waypoint calls the Service that it serves': [
    together(TLS, virtualService(`{ ${to('kittens')} }`)),
    'hbone to kittens'
  ],
  'a waypoint calls the Service that it serves with HBONE, not Istio mTLS': [
    together(SIDECAR, virtualService(`{ ${to('kittens')} }`)),
    'hbone to kittens'
  ],
  'a waypoint calls a Service that it does not serve as sidecars do': [
    together(OPTED_OUT, SIDECAR, virtualService(`{ ${to('kittens')} }`)),
    'istio-mtls to kittens'
  ],
  'a waypoint calls a Service that one of the same name in another namespace serves as sidecars do': [
    together(
      service('kittens', 'user1', `, labels: { ${waypointLabel}, istio.io/use-waypoint-namespace: farm }`),
      waypoint('', ', allowedRoutes: { namespaces: { from: All } }', 'farm'),
      SIDECAR,
      virtualService(`{ ${to('kittens')} }`)
    ),
    'istio-mtls to kittens'
  ],
  'pods that refuse the waypoint': [
    together(
      authorization('user1', `{ selector: { matchLabels: { app: kittens } }, ${from('clients')} }`),
      virtualService(`{ ${to('kittens')} }`)
    ),
    'refused-by-policy'
  ],
  'a sidecar that takes the path as the waypoint rewrites it': [
    together(
      SIDECAR,
      PATH_OF_KITTENS,
      virtualService(
        `{ rewrite: { uri: /kittens }, match: [{ uri: { exact: "/v1/models/cats:predict" } }], ${to('kittens')} }`
      )
    ),
    'hbone to kittens'
  ],
  'a waypoint that the NetworkPolicy excludes': [
    together(
      virtualService(`{ ${to('kittens')} }`),
      networkPolicy(
        '{ podSelector: { matchLabels: { app: kittens } }, ingress: [{ from: [{ podSelector: { matchLabels: { app: x } } }] }] }'
      )
    ),
    'network-policy-denied'
  ],
  'a waypoint that refuses the client': [
    together(
      authorization('user1', `{ targetRefs: [{ group: "", kind: Service, name: cats }], ${from('others')} }`),
      virtualService(`{ ${to('dogs')} }`)
    ),
    'refused-by-policy'
  ],
  'a waypoint without pods': [
    together(virtualService(`{ ${to('dogs')} }`), `${waypoint()}status: { addresses: [{ value: 10.0.0.1 }] }`),
    'no-endpoints: waypoint'
  ],
  'HTTPRoute to the Service itself': [httpRoute(backend('cats')), 'hbone to cats'],
  'HTTPRoute with a split to other pods of the model': [
    httpRoute('{ backendRefs: [{ name: cats, port: 80, weight: 9 }, { name: kittens, port: 80 }] }'),
    'hbone to cats, hbone to kittens'
  ],
  'HTTPRoute to another model': [
    httpRoute(backend('dogs')),
    'HTTPRoute user1/http routes to Service user1/dogs, which has no pods of the model'
  ],
  'HTTPRoute to a Service that does not exist': [httpRoute(backend('lions')), 'backend-invalid: no-service'],
  'HTTPRoute to a port that does not exist': [
    httpRoute('{ backendRefs: [{ name: cats, port: 81 }] }'),
    'backend-invalid: no-port'
  ],
  'HTTPRoute without backends': [httpRoute('{ backendRefs: [] }'), 'backend-invalid: none'],
  'HTTPRoute for other requests': [
    httpRoute(`{ matches: [{ path: { value: /other } }], backendRefs: [{ name: cats, port: 80 }] }`),
    'no-route: http'
  ],
  'HTTPRoute with host names, which waypoints ignore': [
    httpRoute(backend('lions')).replace('rules:', 'hostnames: [other.example.com], rules:'),
    'backend-invalid: no-service'
  ],
  'HTTPRoute for another port': [httpRoute(backend('lions'), ', port: 81'), 'hbone to cats'],
  'HTTPRoute for the port': [httpRoute(backend('lions'), ', port: 80'), 'backend-invalid: no-service'],
  'HTTPRoute of another Service': [httpRoute(backend('lions')).replace('name: cats', 'name: dogs'), 'hbone to cats'],
  'HTTPRoute of the namespace of the client, which sidecars would use': [
    httpRoute(backend('lions'), '', 'http', 'clients'),
    'hbone to cats'
  ],
  'HTTPRoute to another namespace, which needs no ReferenceGrant': [
    together(
      service('tabby', 'farm'),
      podOf('tabby', 'farm'),
      httpRoute('{ backendRefs: [{ name: tabby, port: 80, namespace: farm }] }')
    ),
    'HTTPRoute user1/http routes to Service farm/tabby, which has no pods of the model'
  ],
  'HTTPRoutes of one Service together: the more specific path first': [
    together(
      httpRoute(backend('lions'), '', 'a'),
      httpRoute('{ matches: [{ path: { value: /v1 } }], backendRefs: [{ name: cats, port: 80 }] }', '', 'b')
    ),
    'hbone to cats'
  ],
  'HTTPRoutes for all ports and for one: the older first': [
    together(
      httpRoute(backend('cats'), '', 'a'),
      httpRoute('{ matches: [{ path: { value: /v1 } }], backendRefs: [{ name: lions, port: 80 }] }', ', port: 80', 'b')
    ),
    'hbone to cats'
  ],
  'HTTPRoutes for all ports and for one: that for one is older': [
    together(httpRoute(backend('cats'), ', port: 80', 'a'), httpRoute(backend('lions'), '', 'b')),
    'hbone to cats'
  ],
  'HTTPRoutes for all ports and for one: the younger for what the older does not match': [
    together(
      httpRoute('{ matches: [{ path: { value: /other } }], backendRefs: [{ name: lions, port: 80 }] }', '', 'a'),
      httpRoute(backend('cats'), ', port: 80', 'b')
    ),
    'hbone to cats'
  ],
  'HTTPRoute that rewrites the path': [
    together(
      SIDECAR,
      PATH_OF_KITTENS,
      httpRoute(
        '{ filters: [{ type: URLRewrite, urlRewrite: { path: { type: ReplaceFullPath, replaceFullPath: /kittens } } }], backendRefs: [{ name: kittens, port: 80 }] }'
      )
    ),
    'hbone to kittens'
  ],
  'HTTPRoute of a Service of that name in another namespace': [
    httpRoute(backend('lions')).replace('namespace: user1 ', 'namespace: farm '),
    'hbone to cats'
  ],
  'HTTPRoute with a condition that is not modeled': [
    httpRoute(
      '{ matches: [{ headers: [{ type: RegularExpression, name: x, value: "x.*" }] }], backendRefs: [{ name: lions, port: 80 }] }'
    ),
    'headers or paths of HTTPRoute user1/http decide whether it routes the request'
  ],
  'VirtualService and HTTPRoute': [
    together(virtualService(`{ ${to('cats')} }`), httpRoute(backend('cats'))),
    'order of VirtualService user1/routes and HTTPRoute user1/http at a waypoint is not modeled'
  ]
}

for (const [name, [objects, expected]] of Object.entries(ROUTES)) {
  t.test(name, async t => t.equal(outcome(objects), expected))
}

t.test('a waypoint of another namespace uses its own routes first', async t => {
  const elsewhere = together(
    namespace(`${AMBIENT}, ${waypointLabel}, istio.io/use-waypoint-namespace: farm`),
    waypoint('', ', allowedRoutes: { namespaces: { from: All } }', 'farm')
  )
  const own = httpRoute(backend('cats', ', namespace: user1'), '', 'own', 'farm')
  t.equal(outcome(together(elsewhere, httpRoute(backend('lions')), own)), 'hbone to cats')
  t.equal(
    outcome(together(elsewhere, virtualService(`{ ${REDIRECT} }`, 'own', 'farm'))),
    'routed-elsewhere: own redirect'
  )
})
