import t from 'tap'
import rule from '../../src/rules/visibility-label-ignored.ts'
import { cases } from '../support/cases.ts'
import { configMap, model } from '../support/objects.ts'

const KNATIVE = 'networking.knative.dev/visibility'
const STANDARD = 'networking.kserve.io/visibility'
const OLD = 'serving.knative.dev/visibility'
const labelled = (labels: string, mode = 'Knative') =>
  model(`, labels: { ${labels} }, annotations: { serving.kserve.io/deploymentMode: ${mode} }`)
const place = (label: string) => [`InferenceService user1/new metadata.labels[${label}]`]

cases(t, rule, {
  'of this mode': [labelled(`${KNATIVE}: cluster-local`), []],
  'of the other': [labelled(`${STANDARD}: cluster-local`), place(STANDARD)],
  'of both': [labelled(`${STANDARD}: cluster-local, ${KNATIVE}: cluster-local`), []],
  'in mode Standard': [labelled(`${KNATIVE}: cluster-local`, 'Standard'), place(KNATIVE)],
  'of old': [labelled(`${OLD}: cluster-local`), place(OLD)],
  'another value': [labelled(`${KNATIVE}: private`), place(KNATIVE)],
  'no label': [labelled(''), []],
  'ModelMesh has none': [labelled(`${STANDARD}: cluster-local`, 'ModelMesh'), []],
  'nothing is published': [
    `${configMap('knative-serving', 'config-domain', { 'svc.cluster.local': '' })}---${labelled(`${STANDARD}: cluster-local`)}`,
    []
  ]
})
