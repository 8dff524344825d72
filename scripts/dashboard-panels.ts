/** Panels of the Grafana dashboard, with their queries. */
interface Query {
  /** PromQL; `$job` and `$__rate_interval` are variables of Grafana. */
  readonly expr: string
  readonly legend: string
}

export interface Panel {
  readonly title: string
  readonly description: string
  readonly type: 'timeseries' | 'stat'
  readonly unit: string
  readonly queries: readonly Query[]
  /** Text for values. */
  readonly mappings?: Readonly<Record<string, { readonly text: string; readonly color: string }>>
}

const JOB = 'job=~"$job"'
const metric = (name: string, ...labels: readonly string[]) => `mesh_guard_${name}{${[JOB, ...labels].join(', ')}}`
const rateBy = (by: string, name: string, ...labels: readonly string[]) =>
  `sum by (${by}) (rate(${metric(name, ...labels)}[$__rate_interval]))`
const quantile = (q: number): Query => ({
  expr: `histogram_quantile(${q}, ${rateBy('le', 'decision_duration_seconds_bucket')})`,
  legend: `p${q * 100}`
})
const series = (title: string, description: string, unit: string, ...queries: readonly Query[]): Panel => ({
  title,
  description,
  type: 'timeseries',
  unit,
  queries
})
const stat = (title: string, description: string, unit: string, expr: string, more: Partial<Panel> = {}): Panel => ({
  title,
  description,
  type: 'stat',
  unit,
  queries: [{ expr, legend: '' }],
  ...more
})

const OK = 'green'
const BAD = 'red'

/** Rows of panels, in order. */
export const ROWS: Readonly<Record<string, readonly Panel[]>> = {
  Status: [
    stat('Ready replicas', 'Replicas whose /readyz answers 200.', 'none', `sum(${metric('ready')})`),
    stat(
      'Failure policy',
      'failurePolicy for mesh changes, as the leader has set it. With Ignore, changes are admitted without evaluation while the webhook is unavailable.',
      'none',
      `max(${metric('fail_closed')})`,
      { mappings: { 0: { text: 'Ignore', color: BAD }, 1: { text: 'Fail', color: OK } } }
    ),
    stat(
      'Configuration',
      'Whether the last reload of the configuration succeeded on every replica.',
      'none',
      `min(${metric('config_last_reload_successful')})`,
      { mappings: { 0: { text: 'Invalid', color: BAD }, 1: { text: 'Valid', color: OK } } }
    ),
    stat(
      'Certificate expires in',
      'Time until the serving certificate expires.',
      's',
      `min(${metric('certificate_expiry_timestamp_seconds')}) - time()`
    ),
    stat(
      'Last audit',
      'Time since the last successful audit of the leader.',
      's',
      `time() - max(${metric('audit_last_success_timestamp_seconds')})`
    ),
    stat(
      'Expired exceptions',
      'Exceptions of the configuration that no longer apply.',
      'none',
      `max(${metric('exceptions', 'state="expired"')})`
    )
  ],
  Decisions: [
    series('Decisions', 'Evaluated changes, by decision.', 'ops', {
      expr: rateBy('decision', 'decisions_total'),
      legend: '{{decision}}'
    }),
    series('Denials by rule', 'Findings that denied a change, by rule.', 'ops', {
      expr: rateBy('rule', 'findings_total', 'mode="deny"', 'decision="deny"'),
      legend: '{{rule}}'
    }),
    series('Warnings by rule', 'Findings that warned, by rule.', 'ops', {
      expr: rateBy('rule', 'findings_total', 'mode="warn"'),
      legend: '{{rule}}'
    }),
    series(
      'Latency',
      'Time to evaluate a change. The API server waits at most 5 s for an answer.',
      's',
      quantile(0.5),
      quantile(0.95),
      quantile(0.99)
    ),
    series('Not evaluated, by rule', 'Rules that could not be evaluated for a change.', 'ops', {
      expr: rateBy('rule', 'unevaluated_total'),
      legend: '{{rule}}'
    }),
    series('Mutations', 'Mutation requests for InferenceServices, by whether the answer has a patch.', 'ops', {
      expr: rateBy('patched', 'mutations_total'),
      legend: 'patched: {{patched}}'
    })
  ],
  'Cluster state': [
    series(
      'Cache staleness',
      'Seconds since the cache was last known to match the API server, by kind. Rules that read a stale kind are not evaluated.',
      's',
      { expr: `max by (kind) (${metric('cache_staleness_seconds')})`, legend: '{{kind}}' }
    ),
    series('Cached objects', 'Objects in the cache, by kind.', 'none', {
      expr: `max by (kind) (${metric('cache_objects')})`,
      legend: '{{kind}}'
    }),
    series('Audit findings', 'Findings of the last audit of the leader, by rule and mode.', 'none', {
      expr: `max by (rule, mode) (${metric('audit_findings')})`,
      legend: '{{rule}} ({{mode}})'
    }),
    series(
      'Disagreements of the sample',
      'InferenceServices whose result in an audit differed from their evaluation by themselves: a defect of the guard.',
      'none',
      { expr: `sum(${metric('sample_disagreements_total')})`, legend: 'disagreements' },
      { expr: `sum(${metric('sample_compared_total')})`, legend: 'compared' }
    ),
    series('Watch errors', 'Failed lists and watches, by kind and reason.', 'ops', {
      expr: rateBy('kind, reason', 'watch_errors_total'),
      legend: '{{kind}}: {{reason}}'
    })
  ],
  Load: [
    series('Requests in flight', 'Requests that are received, queued or being answered.', 'none', {
      expr: `sum by (instance) (${metric('in_flight_requests')})`,
      legend: '{{instance}}'
    }),
    series('Rejected requests', 'Requests that were rejected with 503, by reason.', 'ops', {
      expr: rateBy('reason', 'rejected_requests_total'),
      legend: '{{reason}}'
    }),
    series(
      'Timeouts and restarts',
      'Requests whose evaluation took too long, and restarts of the evaluation thread.',
      'ops',
      { expr: `sum(rate(${metric('evaluation_timeouts_total')}[$__rate_interval]))`, legend: 'timeouts' },
      { expr: `sum(rate(${metric('evaluation_restarts_total')}[$__rate_interval]))`, legend: 'restarts' }
    )
  ]
}
