import t from 'tap'
import { possibleServiceNames, serviceNameOf } from '../../src/kserve/service-names.ts'
import { model, together } from '../support/objects.ts'
import { stateOf } from '../support/snapshot.ts'

const service = (name: string) => `
apiVersion: v1
kind: Service
metadata: { namespace: user1, name: ${name} }
spec: { ports: [{ port: 80 }] }
`
const PREDICTOR = 'predictor: { model: { modelFormat: { name: sklearn } } }'
const NAMED = 'predictor: { name: v2, model: { modelFormat: { name: sklearn } } }'
const withStatus = (status: string) => `${model('')}status: { components: { predictor: ${status} } }\n`

t.test(
  'a component has the Service of its status, else the existing one, else the one that KServe creates',
  async t => {
    const nameIn = (yaml: string) => {
      const state = stateOf(yaml)
      const [found] = state.list('InferenceService')
      return found && serviceNameOf(state, found, 'predictor')
    }
    for (const [title, yaml, expected] of [
      ['new model', model(''), 'new-predictor'],
      ['predictor.name', model('', NAMED), 'new-v2-predictor'],
      ['empty predictor.name', model('', NAMED.replace('v2', '""')), 'new-predictor'],
      ['Service of KServe 0.15', together(model(''), service('new-predictor-default')), 'new-predictor-default'],
      [
        'both Services: KServe was upgraded',
        together(model(''), service('new-predictor-default'), service('new-predictor')),
        'new-predictor'
      ],
      [
        'predictor.name has no older Service',
        together(model('', NAMED), service('new-predictor-default')),
        'new-v2-predictor'
      ],
      ['revision', withStatus('{ latestReadyRevision: new-predictor-default-00003 }'), 'new-predictor-default'],
      [
        'address',
        withStatus('{ address: { url: "http://new-predictor-default.user1.svc.cluster.local" } }'),
        'new-predictor-default'
      ],
      [
        'current address',
        withStatus('{ address: { url: "http://new-predictor.user1.svc.cluster.local" } }'),
        'new-predictor'
      ]
    ] as const) {
      t.equal(nameIn(yaml), expected, title)
    }
  }
)

t.test('a model can have Services of its components, of older versions and of canaries', async t => {
  const namesOf = (spec: string) => stateOf(model('', spec)).list('InferenceService').flatMap(possibleServiceNames)
  t.same(namesOf(PREDICTOR), ['new', 'new-predictor', 'new-predictor-default'])
  t.same(namesOf(`${NAMED}, transformer: {}, canary: [{ predictor: { name: v3 }, trafficPercent: 10 }]`), [
    'new',
    'new-v2-predictor',
    'new-v2-predictor-default',
    'new-transformer',
    'new-transformer-default',
    'new-v3-predictor'
  ])
})
