import { delimiter } from 'node:path'
import t from 'tap'
import { parseConfig, readConfig } from '../src/config.ts'
import { RULE_IDS } from '../src/config-schema.ts'
import { kubeconfigFiles } from '../src/environment.ts'

t.test('keys have defaults without a file', async t => {
  t.match(readConfig(undefined), {
    rules: {},
    namespaces: [],
    unevaluated: 'warn',
    mesh: { clusterDomain: 'cluster.local' },
    server: { port: 8443, healthPort: 8080, certDir: 'certs' },
    controller: { enabled: false, certificates: 'selfSigned', service: { name: 'kserve-mesh-guard', port: 443 } },
    log: { level: 'info' }
  })
})

t.test('a file overrides defaults', async t => {
  const file = `${t.testdir({ 'config.yaml': 'rules: { tls-certificate-mismatch: warn }\nmesh: { kserveNamespace: kubeflow }' })}/config.yaml`
  t.match(readConfig(file), { rules: { 'tls-certificate-mismatch': 'warn' }, mesh: { kserveNamespace: 'kubeflow' } })
})

const exception = `exceptions:
- rule: tls-certificate-mismatch
  selector: { kind: Gateway }
  reason: the old one ends soon
  owner: mesh
  expires: 2027-01-31
`

t.test('an exception is parsed with all of its fields', async t => {
  t.same(parseConfig(exception, 'c.yaml').exceptions, [
    {
      rule: 'tls-certificate-mismatch',
      selector: { kind: 'Gateway' },
      reason: 'the old one ends soon',
      owner: 'mesh',
      expires: '2027-01-31'
    }
  ])
})

t.test('errors have line, field and the nearest valid name', async t => {
  for (const [text, error] of [
    ['log: {}\nlog: {}', 'c.yaml:2: Map keys must be unique'],
    ['log: *level', 'c.yaml:1: Unresolved alias (the anchor must be set before the alias): level'],
    ['rulez: {}', 'c.yaml:1: rulez: unknown key; did you mean rules?'],
    ['log:\n  levl: info', 'c.yaml:2: log.levl: unknown key; did you mean level?'],
    [
      'rules:\n  tls-certificate-mismatc: warn',
      'c.yaml:2: rules.tls-certificate-mismatc: unknown key; did you mean tls-certificate-mismatch?'
    ],
    [
      'rules:\n  tls-certificate-mismatch: no',
      'c.yaml:2: rules.tls-certificate-mismatch: Invalid option: expected one of "deny"|"warn"|"audit"|"off"'
    ],
    [
      'namespaces:\n- selector: {}\n  rules: {}\n  rule: {}',
      'c.yaml:4: namespaces[0].rule: unknown key; did you mean rules?'
    ],
    [
      exception.replace('tls-certificate-mismatch', 'tls-certificate-mismatc'),
      'c.yaml:2: exceptions[0].rule: unknown rule; did you mean tls-certificate-mismatch?'
    ],
    [
      exception.replace('kind: Gateway', 'kind: Gatewya'),
      'c.yaml:3: exceptions[0].selector.kind: unknown kind; did you mean Gateway?'
    ],
    [
      exception.replace('kind: Gateway', 'knd: Gateway'),
      'c.yaml:3: exceptions[0].selector.knd: unknown key; did you mean kind?'
    ],
    [exception.replace('kind: Gateway', ''), 'c.yaml:3: exceptions[0].selector: selects no objects; to suppress all'],
    [exception.replace('2027-01-31', 'soon'), 'c.yaml:6: exceptions[0].expires: Invalid ISO date'],
    [exception.replace(/.*expires.*/, ''), /^c.yaml:\d: exceptions\[0\].expires: Invalid input: expected string/],
    [exception.replace('rule: tls-certificate-mismatch', 'rule: 5'), /^c.yaml:2: exceptions\[0\].rule: Invalid option/],
    ['rules: {}\nlog: [', 'c.yaml:2: Flow sequence'],
    ['- a', 'c.yaml:1: Invalid input: expected object, received array']
  ] as const) {
    t.throws(() => parseConfig(text, 'c.yaml'), { name: 'InvalidInput', message: error }, text)
  }
  t.throws(() => readConfig('/nonexistent/config.yaml'), {
    message: /^\/nonexistent\/config.yaml: no such file or directory/
  })
})

t.test('all errors are reported', async t => {
  t.throws(() => parseConfig('a: 1\nserver: { port: -1 }', 'c.yaml'), {
    message: /^c.yaml:2: server.port: .*\nc.yaml:1: a: /
  })
})

t.test('rule ids are kebab case and sorted', async t => {
  t.same([...RULE_IDS].sort(), RULE_IDS)
  for (const id of RULE_IDS) t.match(id, /^[a-z]+(-[a-z]+)+$/)
})

t.test('KUBECONFIG is a list of paths', async t => {
  const before = process.env['KUBECONFIG']
  t.teardown(() => {
    if (before !== undefined) process.env['KUBECONFIG'] = before
    else delete process.env['KUBECONFIG']
  })
  delete process.env['KUBECONFIG']
  t.same(kubeconfigFiles(), [])
  for (const [value, files] of [
    ['', []],
    ['/a', ['/a']],
    [['/a', '', '/b'].join(delimiter), ['/a', '/b']]
  ] as const) {
    process.env['KUBECONFIG'] = value
    t.same(kubeconfigFiles(), files, value)
  }
})
