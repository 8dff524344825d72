import t from 'tap'
import rule from '../../src/rules/llminferenceservice-inject-ignored.ts'
import { testRule } from '../support/table-test.ts'

const INJECT = 'sidecar.istio.io/inject'
const llm = (metadata: string, spec = '') => `
apiVersion: serving.kserve.io/v1alpha1
kind: LLMInferenceService
metadata: { namespace: user1, name: chat ${metadata} }
spec: { ${spec} }
`
const label = `labels: { ${INJECT}: "true" }`
const annotation = `annotations: { ${INJECT}: "true" }`
const place = (map: string) => `LLMInferenceService user1/chat metadata.${map}[${INJECT}]`

testRule(t, rule, {
  'only in metadata': [llm(`, ${label}, ${annotation}`), [place('labels'), place('annotations')]],
  'only in spec': [llm('', label), []],
  'label in metadata and spec': [llm(`, ${label}`, label), []],
  'annotation in metadata, label in spec': [llm(`, ${annotation}`, label), [place('annotations')]]
})
