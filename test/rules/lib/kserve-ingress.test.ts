import t from 'tap'
import { withGatewayNames, withKnativeNames } from '../../../src/rules/lib/kserve-ingress.ts'
import { configMap } from '../../support/objects.ts'
import { stateOf, stockWith } from '../../support/state.ts'

const config = (data: Readonly<Record<string, string>>) => configMap('kserve', 'inferenceservice-config', data)
const ingress = (names: object) => config({ ingress: JSON.stringify(names), deploy: '{}' })
const PUBLIC = 'knative-serving/knative-ingress-gateway'
const LOCAL = 'knative-serving/knative-local-gateway'
const SERVICE = 'knative-local-gateway.istio-system.svc.cluster.local'

t.test('what is not there is named as Knative does', async t => {
  const named = (yaml: string) => {
    const [map] = withKnativeNames(stockWith(yaml))
    const { ingress: text = '' } = (map?.['data'] ?? {}) as Readonly<Record<string, string>>
    return text === '' ? undefined : JSON.parse(text)
  }
  t.equal(named(''), undefined, 'all is there')
  t.same(
    named(ingress({ ingressGateway: 'a/b', urlScheme: 'https', localGateway: LOCAL, localGatewayService: SERVICE })),
    {
      ingressGateway: PUBLIC,
      urlScheme: 'https',
      localGateway: LOCAL,
      localGatewayService: SERVICE
    }
  )
  t.same(
    named(ingress({ ingressGateway: PUBLIC, localGateway: 'a/b', localGatewayService: 'a.b.svc.cluster.local' })),
    {
      ingressGateway: PUBLIC,
      localGateway: LOCAL,
      localGatewayService: SERVICE,
      knativeLocalGatewayService: SERVICE
    }
  )
  t.equal(named(ingress({ localGateway: 'a/b' })), undefined, 'not in what KServe refuses')
  t.equal(named(config({ deploy: '{}' })), undefined, 'not in what says nothing')
  const none = configMap('knative-serving', 'config-istio', { 'external-gateways': '[]', 'local-gateways': '[]' })
  t.same(named(`${none}---${ingress({ ingressGateway: 'a/b' })}`), {}, 'nobody has a name')
})

t.test('only where KServe is installed', async t => {
  t.same(withGatewayNames(stateOf(''), { localGateway: LOCAL }), [])
  t.match(withGatewayNames(stockWith(), { localGateway: 'a/b' }), [
    { kind: 'ConfigMap', metadata: { namespace: 'kserve', labels: {} }, data: { ingress: /"a\/b"/, deploy: /./ } }
  ])
})
