import t from 'tap'
import rule from '../../src/rules/visibility-label-ignored.ts'
import { configMap, model } from '../support/objects.ts'
import { testRule } from '../support/table-test.ts'

const KNATIVE = 'networking.knative.dev/visibility'
const STANDARD = 'networking.kserve.io/visibility'
const LEGACY = 'serving.knative.dev/visibility'
const labeled = (labels: string, mode = 'Knative') =>
  model(`, labels: { ${labels} }, annotations: { serving.kserve.io/deploymentMode: ${mode} }`)
const place = (label: string) => [`InferenceService user1/new metadata.labels[${label}]`]

testRule(t, rule, {
  'label of this mode': [labeled(`${KNATIVE}: cluster-local`), []],
  'label of the other mode': [labeled(`${STANDARD}: cluster-local`), place(STANDARD)],
  'labels of both modes': [labeled(`${STANDARD}: cluster-local, ${KNATIVE}: cluster-local`), []],
  'Standard mode': [labeled(`${KNATIVE}: cluster-local`, 'Standard'), place(KNATIVE)],
  'legacy label': [labeled(`${LEGACY}: cluster-local`), place(LEGACY)],
  'another value': [labeled(`${KNATIVE}: private`), place(KNATIVE)],
  'no label': [labeled(''), []],
  ModelMesh: [labeled(`${STANDARD}: cluster-local`, 'ModelMesh'), []],
  'no public domain': [
    `${configMap('knative-serving', 'config-domain', { 'svc.cluster.local': '' })}---${labeled(`${STANDARD}: cluster-local`)}`,
    []
  ]
})
