import type { Report, Reported, Step } from '../../src/report/report.ts'

export const GATEWAY = { apiVersion: 'networking.istio.io/v1', kind: 'Gateway', namespace: 'a', name: 'g' }

export const finding = (more: Partial<Reported> = {}): Reported => ({
  rule: 'plaintext-to-mtls-gateway',
  category: 'outage',
  severity: 'critical',
  mode: 'deny',
  object: GATEWAY,
  source: { file: 'base/change.yaml', line: 7 },
  field: 'spec.servers[0].tls.mode',
  message: 'what <and> so what',
  docs: 'https://example.com/rules/plaintext-to-mtls-gateway',
  symptom: '503 UF',
  fix: { text: 'Do this' },
  blocked: [{ inferenceService: 'n/a', caller: 'external', from: undefined, hop: 'gateway->pod' }],
  exposes: [],
  ...more
})

export const step = (more: Partial<Step> = {}): Step => ({
  object: GATEWAY,
  operation: 'UPDATE',
  source: { file: 'base/change.yaml', line: 3 },
  decision: 'allow',
  patch: [],
  notes: [],
  findings: [],
  existing: [],
  ...more
})

export const report = (more: Partial<Report> = {}): Report => ({
  decision: 'allow',
  steps: [],
  findings: [],
  notEvaluated: [],
  skipped: [],
  installation: { istio: [], knative: [], kserve: [] },
  ...more
})

export const HEALTHY = report({ steps: [step()] })

const exception = { owner: 'mesh', expires: '2027-01-31', state: 'active' } as const

/** A denied change, a change with warnings, and what has no result. */
export const BROKEN = report({
  decision: 'deny',
  steps: [
    step({
      decision: 'deny',
      findings: [finding()],
      existing: [finding({ rule: 'no-endpoints', source: undefined, blocked: [] })]
    }),
    step({
      decision: 'warn',
      source: { file: 'base/more.yaml', line: 1 },
      findings: [finding({ mode: 'warn', rule: 'no-endpoints', field: 'spec', source: undefined })],
      // The first change introduces it too, and it is not listed again.
      existing: [finding(), finding({ rule: 'no-endpoints', source: undefined, blocked: [] })]
    })
  ],
  notEvaluated: [{ rule: 'request-paths', missing: ['Gateway'], reason: 'Gateway: forbidden' }],
  skipped: [
    { rule: 'no-endpoints', reason: 'excepted', exception },
    {
      object: { apiVersion: 'v1', kind: 'Job', namespace: 'a', name: 'j' },
      source: { file: 'base/more.yaml', line: 9 },
      reason: 'kind is not evaluated'
    }
  ]
})

/** An audit of a cluster without files. */
export const AUDITED = report({
  decision: 'deny',
  findings: [
    finding({ source: undefined }),
    finding({ source: undefined, mode: 'audit', field: 'spec.servers[1].tls.mode' }),
    finding({ mode: 'warn', rule: 'no-endpoints' })
  ]
})

const notEvaluated = [{ rule: 'request-paths', missing: [], reason: 'unknown proxy' }] as const

/** Denied by `unevaluated: deny`, without a finding. */
export const UNEVALUATED = {
  check: report({ decision: 'deny', steps: [step({ decision: 'deny' })], notEvaluated }),
  audit: report({ decision: 'deny', notEvaluated })
}
