import t from 'tap'
import rule from '../../src/rules/destinationrule-on-externalname.ts'
import { cases } from '../support/cases.ts'
import { clientRule, model } from '../support/objects.ts'

const MUTUAL = '{ tls: { mode: ISTIO_MUTUAL } }'
const IRIS = 'sklearn-iris.user1.svc.cluster.local'
const PLACE = ['DestinationRule istio-system/default spec.host']

cases(t, rule, {
  'the model': [clientRule(IRIS, MUTUAL), PLACE],
  'its component': [clientRule('sklearn-iris-predictor.user1.svc.cluster.local', MUTUAL), PLACE],
  'in short': [clientRule('sklearn-iris', MUTUAL, 'user1'), ['DestinationRule user1/default spec.host']],
  'for one port': [
    clientRule(IRIS, '{ portLevelSettings: [{ port: { number: 80 }, tls: { mode: DISABLE } }] }'),
    PLACE
  ],
  'without TLS': [clientRule(IRIS, '{ portLevelSettings: [{ port: { number: 80 } }] }'), []],
  'without a policy': [clientRule(IRIS, 'null'), []],
  'its revision': [clientRule('sklearn-iris-predictor-00001.user1.svc.cluster.local', MUTUAL), []],
  'a host that no Service has': [clientRule('sklearn-iris.user1', MUTUAL), []],
  'all of them': [clientRule('*.user1.svc.cluster.local', MUTUAL), []],
  'a real Service in mode Standard': [
    `${clientRule('new-predictor.user1.svc.cluster.local', MUTUAL)}---${model(', annotations: { serving.kserve.io/deploymentMode: Standard }')}`,
    []
  ]
})
