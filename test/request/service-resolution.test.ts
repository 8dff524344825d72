import t from 'tap'
import { toDestination } from '../../src/request/service-resolution.ts'
import { stateOf } from '../support/snapshot.ts'

t.test('a gateway Service resolves to running pods, else to an expected pod', async t => {
  const pod = `
---
apiVersion: v1
kind: Pod
metadata: { namespace: a, name: pod, labels: { istio: ingressgateway } }
spec: { containers: [{ name: proxy, ports: [{ name: web, containerPort: 8081 }] }] }`
  const gateway = `
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { namespace: b, name: gateway }
spec: { selector: { istio: ingressgateway } }`
  for (const [name, spec, more, expected] of [
    ['running pod', 'selector: { istio: ingressgateway }, ports: [{ port: 80, targetPort: 8081 }]', pod, ['pod 8081']],
    [
      'named target port',
      'selector: { istio: ingressgateway }, ports: [{ port: 80, targetPort: web }]',
      pod,
      ['pod 8081']
    ],
    [
      'expected pod',
      'selector: { istio: ingressgateway }, ports: [{ port: 80, targetPort: 8081 }]',
      gateway,
      ['gateway (next pod) 8081']
    ],
    [
      'expected pod, same port',
      'selector: { istio: ingressgateway }, ports: [{ port: 80 }]',
      gateway,
      ['gateway (next pod) 80']
    ],
    ['no Gateway selects its pods', 'selector: { app: other }, ports: [{ port: 80 }]', gateway, []],
    [
      'named target port without a pod',
      'selector: { istio: ingressgateway }, ports: [{ port: 80, targetPort: web }]',
      gateway,
      []
    ],
    ['port that the Service does not have', 'selector: { istio: ingressgateway }, ports: [{ port: 81 }]', pod, []],
    ['Service without a selector', 'ports: [{ port: 80 }]', pod, []]
  ] as const) {
    const state = stateOf(`
apiVersion: v1
kind: Service
metadata: { namespace: a, name: gateway }
spec: { ${spec} }${more}`)
    const { endpoints } = toDestination(state, 'gateway.a.svc.cluster.local', 80)
    t.same(
      endpoints.map(({ workload, port }) => `${workload.name} ${port}`),
      expected,
      name
    )
  }
})
