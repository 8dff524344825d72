import t from 'tap'
import { RULES } from '../../src/rules/index.ts'
import { findBySymptom } from '../../src/rules/lib/symptom-search.ts'

const ALL = [...Object.values(RULES.failures), ...RULES.checks]

const logLine = (status: number, flags: string) =>
  `[2026-11-28T07:00:00.123Z] "POST /v1/models/x:predict HTTP/1.1" ${status} ${flags} - "-" 0 95 503 - "-" "curl/8"`

t.test('rules are found by what users see', async t => {
  for (const [name, text, expected] of [
    ['response flag and message', '503 UF WRONG_VERSION_NUMBER', 'client-mtls-to-plain-listener'],
    ['message with spaces', 'upstream connect error: no healthy upstream', 'no-endpoints'],
    ['message in another case', 'rbac: ACCESS DENIED', 'policy-denies-request-path'],
    ['access log line', logLine(404, 'NR route_not_found'), 'gateway-route-missing'],
    ['two flags', logLine(503, 'URX,UF delayed_connect_error:_Connection_refused'), 'gateway-port-no-listener'],
    ['log of ztunnel', 'connection closed due to policy rejection: allow policies exist', 'policy-denies-request-path'],
    ['message of the API server', 'failed calling webhook "x"', 'webhook-behind-strict-mtls']
  ] as const) {
    const found = findBySymptom(ALL, text).map(({ id }) => id)
    t.ok(found.includes(expected), name, { found })
    t.ok(found.length <= 6, name, { found })
  }
})

t.test('the best rules are first', async t => {
  const rules = [
    { id: 'status', symptom: '503 or `UF`' },
    { id: 'none', symptom: 'pods have no container' },
    { id: 'both', symptom: '503 `UF` with `no healthy upstream`' },
    { id: 'other status', symptom: '404 `UF`' }
  ]
  const found = (text: string) => findBySymptom(rules, text).map(({ id }) => id)
  t.same(found('UF no healthy upstream'), ['both'])
  t.same(found('503 UF'), ['status', 'both', 'other status'])
  t.same(found(logLine(404, 'UF')), ['other status', 'status', 'both'], 'other numbers of a log line are no status')
  t.same(found('503'), [], 'a status alone is too little')
  t.same(found('a proof of ufology'), [], 'parts of words')
  t.same(findBySymptom([], 'UF'), [])
})
