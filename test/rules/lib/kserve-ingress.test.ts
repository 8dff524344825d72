import t from 'tap'
import { withGatewayNames, withKnativeNames } from '../../../src/rules/lib/kserve-ingress.ts'
import { configMap } from '../../support/objects.ts'
import { stateOf, stockWith } from '../../support/snapshot.ts'

const config = (data: Readonly<Record<string, string>>) => configMap('kserve', 'inferenceservice-config', data)
const ingress = (names: object) => config({ ingress: JSON.stringify(names), deploy: '{}' })
const PUBLIC = 'knative-serving/knative-ingress-gateway'
const LOCAL = 'knative-serving/knative-local-gateway'
const SERVICE = 'knative-local-gateway.istio-system.svc.cluster.local'

t.test('missing gateways are replaced by those of Knative', async t => {
  const replaced = (yaml: string) => {
    const [map] = withKnativeNames(stockWith(yaml))
    const { ingress: text = '' } = (map?.['data'] ?? {}) as Readonly<Record<string, string>>
    return text === '' ? undefined : JSON.parse(text)
  }
  t.equal(replaced(''), undefined, 'nothing missing')
  t.same(
    replaced(ingress({ ingressGateway: 'a/b', urlScheme: 'https', localGateway: LOCAL, localGatewayService: SERVICE })),
    {
      ingressGateway: PUBLIC,
      urlScheme: 'https',
      localGateway: LOCAL,
      localGatewayService: SERVICE
    }
  )
  t.same(
    replaced(ingress({ ingressGateway: PUBLIC, localGateway: 'a/b', localGatewayService: 'a.b.svc.cluster.local' })),
    {
      ingressGateway: PUBLIC,
      localGateway: LOCAL,
      localGatewayService: SERVICE,
      knativeLocalGatewayService: SERVICE
    }
  )
  t.equal(replaced(ingress({ localGateway: 'a/b' })), undefined, 'invalid configuration')
  t.equal(replaced(config({ deploy: '{}' })), undefined, 'no ingress key')
  const none = configMap('knative-serving', 'config-istio', { 'external-gateways': '[]', 'local-gateways': '[]' })
  t.same(replaced(`${none}---${ingress({ ingressGateway: 'a/b' })}`), {}, 'no Knative gateways')
})

t.test('the fix is empty unless KServe is installed', async t => {
  t.same(withGatewayNames(stateOf(''), { localGateway: LOCAL }), [])
  t.match(withGatewayNames(stockWith(), { localGateway: 'a/b' }), [
    { kind: 'ConfigMap', metadata: { namespace: 'kserve', labels: {} }, data: { ingress: /"a\/b"/, deploy: /./ } }
  ])
})
