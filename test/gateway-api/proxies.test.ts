import t from 'tap'
import { ingressClassOf } from '../../src/gateway-api/ingress-class.ts'
import { proxiesOf } from '../../src/gateway-api/proxies.ts'
import type { ResourceOf } from '../../src/state/resource.ts'
import { pod, together } from '../support/objects.ts'
import { resourceOf, stockWith } from '../support/snapshot.ts'

const gateway = (className: string, addresses = '') =>
  resourceOf(`
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { namespace: kserve, name: public }
spec: { gatewayClassName: ${className}, addresses: [${addresses}] }
`) as ResourceOf<'KubernetesGateway'>
const gatewayClass = (name: string, controller: string) => `
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: ${name} }
spec: { controllerName: ${controller} }
`
const ISTIO = gatewayClass('istio', 'istio.io/gateway-controller')
const ENVOY = gatewayClass('envoy', 'gateway.envoyproxy.io/gatewayclass-controller')
const NAMED = 'gateway.networking.k8s.io/gateway-name: public'
const OWNED =
  'gateway.envoyproxy.io/owning-gateway-name: public, gateway.envoyproxy.io/owning-gateway-namespace: kserve'
const envoyPod = (labels: string) => pod('envoy-gateway-system', 'envoy', labels, 'none')

function lines(one: ResourceOf<'KubernetesGateway'>, ...objects: readonly string[]): readonly string[] {
  const found = proxiesOf(stockWith(together(...objects)), one)
  if ('unknownReason' in found) return [found.unknownReason]
  return found.pods.map(
    ({ namespace, name, serviceAccount, proxy }) => `${namespace}/${name} ${serviceAccount} ${proxy}`
  )
}

t.test('proxies that run, by the labels of their controller', async t => {
  t.same(lines(gateway('istio'), ISTIO, pod('kserve', 'a', NAMED, 'router')), ['kserve/a default gateway'])
  t.same(lines(gateway('envoy'), ENVOY, envoyPod(OWNED)), ['envoy-gateway-system/envoy default none'])
  t.same(lines(gateway('envoy'), ENVOY, envoyPod('gateway.envoyproxy.io/owning-gatewayclass: envoy')), [
    'envoy-gateway-system/envoy default none'
  ])
  t.same(lines(gateway('gone'), pod('kserve', 'a', NAMED, 'router')), ['kserve/a default gateway'], 'class is missing')
})

t.test('pods of the Service that the Gateway names', async t => {
  const address = '{ type: Hostname, value: istio-ingressgateway.istio-system.svc.cluster.local }'
  t.match(lines(gateway('istio', address), ISTIO), [/^istio-system\/istio-ingressgateway-.* gateway$/])
  const next = ['kserve/public (next pod) public-istio gateway']
  t.same(lines(gateway('istio', '{ type: IPAddress, value: 10.0.0.1 }'), ISTIO), next, 'another address')
  t.same(lines(gateway('istio', '{ type: Hostname, value: gone.kserve.svc.cluster.local }'), ISTIO), next)
  const portless = '\napiVersion: v1\nkind: Service\nmetadata: { namespace: kserve, name: a }\nspec: { ports: [] }\n'
  t.same(lines(gateway('istio', '{ type: Hostname, value: a.kserve.svc.cluster.local }'), ISTIO, portless), next)
})

t.test('without running proxies, those that the controller creates', async t => {
  t.same(lines(gateway('istio'), ISTIO), ['kserve/public (next pod) public-istio gateway'])
  t.same(lines(gateway('envoy'), ENVOY), ['envoy-gateway-system/public (next pod)  none'])
  t.same(lines(gateway('kgateway'), gatewayClass('kgateway', 'kgateway.dev/kgateway')), [
    'kserve/public (next pod)  none'
  ])
})

t.test('proxies that are not known', async t => {
  t.same(lines(gateway('other'), gatewayClass('other', 'example.com/x'), pod('kserve', 'a', NAMED, 'none')), [
    'GatewayClass other of example.com/x is not modeled'
  ])
  t.same(lines(gateway('gone')), ['Gateway kserve/public has no pods, and GatewayClass gone does not exist'])
  t.same(lines(gateway('envoy'), ENVOY, pod('kserve', 'a', NAMED, 'sidecar')), [
    'proxies of Gateway kserve/public have sidecars; what they send is not modeled'
  ])
})

t.test('the class of an Ingress', async t => {
  const ingress = (spec: string, annotations = '') =>
    resourceOf(`
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { namespace: user1, name: iris, annotations: { ${annotations} } }
spec: { ${spec} }
`) as ResourceOf<'Ingress'>
  const ingressClass = (controller: string) => `
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: { name: istio }
spec: { ${controller} }
`
  const classOf = (one: ResourceOf<'Ingress'>, ...objects: readonly string[]) => {
    const { name, isOfIstio, isMissing } = ingressClassOf(stockWith(together(...objects)), one)
    return [name, isOfIstio, isMissing]
  }
  t.same(classOf(ingress('ingressClassName: istio')), ['istio', true, true], 'by its name')
  t.same(classOf(ingress('ingressClassName: nginx')), ['nginx', false, true])
  t.same(classOf(ingress('')), ['', false, true])
  t.same(classOf(ingress('ingressClassName: istio'), ingressClass('controller: istio.io/ingress-controller')), [
    'istio',
    true,
    false
  ])
  t.same(classOf(ingress('ingressClassName: istio'), ingressClass('controller: k8s.io/ingress-nginx')), [
    'istio',
    false,
    false
  ])
  t.same(classOf(ingress('ingressClassName: istio'), ingressClass('')), ['istio', false, false])
  t.same(classOf(ingress('ingressClassName: nginx', 'kubernetes.io/ingress.class: istio')), ['istio', true, false])
  t.same(classOf(ingress('ingressClassName: istio', 'kubernetes.io/ingress.class: nginx')), ['nginx', false, false])
})
