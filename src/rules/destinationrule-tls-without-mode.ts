import type { TrafficPolicy } from '../model/destination-rule.ts'
import { defineCheck } from './rule.ts'

export default defineCheck({
  id: 'destinationrule-tls-without-mode',
  severity: 'latent',
  mode: 'warn',
  summary: 'DestinationRule has tls without mode, which means DISABLE',
  on: ['DestinationRule'],
  reads: [],
  *check({ spec }) {
    for (const field of fieldsWithoutMode(spec.trafficPolicy, 'spec.trafficPolicy')) yield problem(field)
    for (const [i, { trafficPolicy }] of spec.subsets.entries()) {
      for (const field of fieldsWithoutMode(trafficPolicy, `spec.subsets[${i}].trafficPolicy`)) yield problem(field)
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

const problem = (field: string) => ({
  field,
  message: 'tls without mode means DISABLE: clients send plaintext, and are cut where pods are STRICT',
  fix: { text: `Write ${field}: ISTIO_MUTUAL for the mesh's own mTLS, or leave tls out` }
})
