import t from 'tap'
import { inferenceGraphSources } from '../../src/request/inference-graph.ts'
import { graph, model, namespace, pod, together } from '../support/objects.ts'
import { pathsTo } from '../support/paths.ts'
import { stockWith } from '../support/snapshot.ts'

const ROUTER = 'serving.kserve.io/inferencegraph: graph'

function callers(...objects: readonly string[]) {
  const state = stockWith(together(model(''), ...objects))
  const service = state.get('InferenceService', 'user1', 'new')
  if (service === undefined) throw new Error('no model')
  return inferenceGraphSources(state, service).flatMap(({ caller, entry, pods }) =>
    pods.map(
      ({ name, proxy, serviceAccount }) =>
        `${caller.caller} (${caller.from}) ${entry}: ${name} ${proxy} ${serviceAccount}`
    )
  )
}

t.test('InferenceGraphs with the model as a step have routers that call it', async t => {
  const next = (caller: string, proxy: string, account = 'default') =>
    `${caller} (user1) graph graph: graph (next pod) ${proxy} ${account}`
  t.same(callers(graph('')), [next('in-mesh', 'sidecar')])
  t.same(callers(graph(', labels: { sidecar.istio.io/inject: "false" }')), [next('non-mesh', 'none')])
  t.same(callers(graph(', annotations: { sidecar.istio.io/inject: "false" }')), [next('non-mesh', 'none')])
  t.same(callers(graph(''), namespace('a: b')), [next('non-mesh', 'none')], 'namespace without injection')
  const account = 'nodes: { root: { steps: [{ serviceName: new }] } }, serviceAccountName: router'
  t.same(callers(graph('', account)), [next('in-mesh', 'sidecar', 'router')])
  t.same(
    callers(graph(''), pod('user1', 'router', ROUTER, 'none', ', serviceAccountName: router')),
    ['non-mesh (user1) graph graph: router none router'],
    'a running router pod is used'
  )
  const steps = (step: string) => graph('', `nodes: { root: { steps: [{ ${step} }] } }`)
  t.same(callers(steps('serviceName: other')), [])
  t.same(callers(steps('serviceUrl: "http://new.user1.svc.cluster.local"')), [])
  t.same(callers(graph('', '')), [], 'InferenceGraph without nodes')
})

t.test('a router calls the InferenceService URL', async t => {
  const pathLines = (...objects: readonly string[]) =>
    pathsTo(
      stockWith(together(model(', annotations: { autoscaling.knative.dev/targetBurstCapacity: "0" }'), ...objects)),
      'new'
    ).filter(line => line.includes(' graph '))
  t.same(pathLines(graph('')), ['in-mesh (user1) graph graph serve caller->local-gateway, gateway->pod'])
  t.same(pathLines(graph(', labels: { sidecar.istio.io/inject: "false" }')), [
    'non-mesh (user1) graph graph serve caller->local-gateway, ingress-gateway->local-gateway, gateway->pod'
  ])
})
