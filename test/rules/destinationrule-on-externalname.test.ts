import t from 'tap'
import rule from '../../src/rules/destinationrule-on-externalname.ts'
import { clientRule, model } from '../support/objects.ts'
import { testRule } from '../support/table-test.ts'

const MUTUAL = '{ tls: { mode: ISTIO_MUTUAL } }'
const IRIS = 'sklearn-iris.user1.svc.cluster.local'
const PLACE = ['DestinationRule istio-system/default spec.host']

testRule(t, rule, {
  'host of the model': [clientRule(IRIS, MUTUAL), PLACE],
  'host of the component': [clientRule('sklearn-iris-predictor.user1.svc.cluster.local', MUTUAL), PLACE],
  'short host': [clientRule('sklearn-iris', MUTUAL, 'user1'), ['DestinationRule user1/default spec.host']],
  'for one port': [
    clientRule(IRIS, '{ portLevelSettings: [{ port: { number: 80 }, tls: { mode: DISABLE } }] }'),
    PLACE
  ],
  'without tls': [clientRule(IRIS, '{ portLevelSettings: [{ port: { number: 80 } }] }'), []],
  'without trafficPolicy': [clientRule(IRIS, 'null'), []],
  'host of the revision': [clientRule('sklearn-iris-predictor-00001.user1.svc.cluster.local', MUTUAL), []],
  'host of no Service': [clientRule('sklearn-iris.user1', MUTUAL), []],
  'wildcard host': [clientRule('*.user1.svc.cluster.local', MUTUAL), []],
  'Service in Standard mode': [
    `${clientRule('new-predictor.user1.svc.cluster.local', MUTUAL)}---${model(', annotations: { serving.kserve.io/deploymentMode: Standard }')}`,
    []
  ]
})
