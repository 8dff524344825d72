import type { TrafficPolicy } from '../istio/destination-rule.ts'
import { defineCheck } from './lib/rule.ts'
import { updatedManifest } from './lib/updated-manifest.ts'

export default defineCheck({
  id: 'destinationrule-tls-without-mode',
  category: 'latent-outage',
  mode: 'warn',
  summary: 'DestinationRule sets tls without mode, which means DISABLE',
  symptom: 'none today; 503 `UC` as soon as the pods are STRICT',
  on: ['DestinationRule'],
  reads: [],
  *check(rule) {
    const { trafficPolicy, subsets } = rule.spec
    const fields = [
      ...fieldsWithoutMode(trafficPolicy, 'spec.trafficPolicy'),
      ...subsets.flatMap((one, i) => fieldsWithoutMode(one.trafficPolicy, `spec.subsets[${i}].trafficPolicy`))
    ]
    const left = {
      ...rule.spec,
      trafficPolicy: withoutTls(trafficPolicy),
      subsets: subsets.map(one => ({ ...one, trafficPolicy: withoutTls(one.trafficPolicy) }))
    }
    for (const field of fields) {
      yield {
        field,
        message: 'tls without mode means DISABLE: clients send plaintext, which STRICT pods reject',
        fix: {
          text: `Remove tls, so that auto mTLS applies, or set ${field}: ISTIO_MUTUAL`,
          apply: [updatedManifest(rule, { spec: left })]
        }
      }
    }
  }
})

function fieldsWithoutMode(policy: TrafficPolicy, path: string): readonly string[] {
  const ports = policy?.portLevelSettings ?? []
  return [
    ...(policy?.tls !== undefined && policy.tls.mode === undefined ? [`${path}.tls.mode`] : []),
    ...ports.flatMap(({ tls }, i) =>
      tls !== undefined && tls.mode === undefined ? [`${path}.portLevelSettings[${i}].tls.mode`] : []
    )
  ]
}

/** The policy without `tls` settings that have no mode. */
function withoutTls(policy: TrafficPolicy): object {
  const keep = <T extends Pick<NonNullable<TrafficPolicy>, 'tls'>>(one: T) =>
    one.tls?.mode === undefined ? { ...one, tls: undefined } : one
  return { ...(policy && keep(policy)), portLevelSettings: policy?.portLevelSettings.map(keep) }
}
