import { REPORT_APIS, type ReportApi } from '../../src/report/openreports.ts'

export const [OPEN_REPORT, POLICY_REPORT] = REPORT_APIS as [ReportApi, ReportApi]

const text = { type: 'string' }
const count = { type: 'integer' }
const oneOf = (...values: readonly string[]) => ({ type: 'string', enum: values })
const texts = { type: 'object', additionalProperties: text }
const ofShape = (properties: object) => ({ type: 'object', properties })
const reference = ofShape({ apiVersion: text, kind: text, name: text, namespace: text })
const result = {
  ...ofShape({
    source: text,
    policy: text,
    category: text,
    severity: oneOf('critical', 'high', 'low', 'medium', 'info'),
    result: oneOf('pass', 'fail', 'warn', 'error', 'skip'),
    scored: { type: 'boolean' },
    resources: { type: 'array', items: reference },
    message: text,
    properties: texts
  }),
  required: ['policy']
}

/**
 * CRD of a report kind, with the fields that the guard writes, typed as upstream.
 *
 * @see openreports/reports-api, crd/openreports.io/v1alpha1 and kubernetes-sigs/wg-policy-prototypes, policy-report/crd/v1alpha2 (Apache-2.0)
 */
export function definitionOf({ group, version, plural, kind }: ReportApi): object {
  const schema = ofShape({
    scope: reference,
    summary: ofShape({ pass: count, fail: count, warn: count, error: count, skip: count }),
    results: { type: 'array', items: result }
  })
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase() },
      scope: 'Namespaced',
      versions: [{ name: version, served: true, storage: true, schema: { openAPIV3Schema: schema } }]
    }
  }
}

/** Model with a finding. */
export const modelWithFinding = (value: string) => ({
  apiVersion: 'serving.kserve.io/v1beta1',
  kind: 'InferenceService',
  metadata: { name: 'unclear', namespace: 'user1', annotations: { 'sidecar.istio.io/inject': value } },
  spec: { predictor: { model: { modelFormat: { name: 'sklearn' }, storageUri: 'gs://bucket/model' } } }
})
