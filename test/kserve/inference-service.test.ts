import t from 'tap'
import { componentsOf, revisionOf } from '../../src/kserve/inference-service.ts'
import { desiredPod } from '../../src/kserve/next-pod.ts'
import { model } from '../support/objects.ts'
import { stockWith } from '../support/snapshot.ts'

t.test('the latest ready revision receives requests, else the first', async t => {
  const revision = (status: string) => {
    const state = stockWith(model('').replace(/\n$/, `\nstatus: ${status}\n`))
    const service = state.get('InferenceService', 'user1', 'new')
    if (service === undefined) throw new Error('no model')
    return componentsOf(state, service).map(component => [
      revisionOf(service, component),
      desiredPod(state, service, component).labels['serving.knative.dev/revision']
    ])
  }
  const ready = 'new-predictor-00007'
  t.same(revision(`{ components: { predictor: { latestReadyRevision: ${ready} } } }`), [[ready, ready]])
  const first = 'new-predictor-00001'
  for (const status of ['{}', '{ components: {} }', '{ components: { predictor: {} } }', 'null']) {
    t.same(revision(status), [[first, first]], status)
  }
})
