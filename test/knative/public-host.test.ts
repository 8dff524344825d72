import t from 'tap'
import { publicDomain, publicHost } from '../../src/knative/public-host.ts'
import { configMap } from '../support/objects.ts'
import { stateOf } from '../support/snapshot.ts'

const config = (name: string, data: Readonly<Record<string, string>>) =>
  stateOf(configMap('knative-serving', name, data))
const BLUE = { team: 'blue', tier: 'gold' }

t.test('config-domain selects the public domain by labels', async t => {
  t.equal(publicDomain(stateOf(''), {}), 'example.com', 'no ConfigMap')
  const selector = (text: string) => `selector:\n  ${text}`
  for (const [title, data, labels, expected] of [
    ['example', { _example: '', 'models.example': '' }, {}, 'models.example'],
    ['cluster domain', { 'svc.cluster.local': '' }, {}, undefined],
    ['empty selector', { 'some.example': 'selector: {}' }, {}, 'some.example'],
    ['null', { 'some.example': 'selector:' }, {}, 'some.example'],
    ['other type', { 'some.example': 'type: wildcard' }, {}, 'some.example'],
    ['only a selector that does not match', { 'some.example': selector('team: red') }, BLUE, undefined],
    ['selector', { 'a.example': '', 'b.example': selector('team: blue') }, BLUE, 'b.example'],
    ['other labels', { 'a.example': '', 'b.example': selector('team: blue') }, {}, 'a.example'],
    [
      'most specific selector',
      { 'a.example': selector('team: blue'), 'b.example': selector('team: blue\n  tier: gold') },
      BLUE,
      'b.example'
    ],
    ['first by name', { 'b.example': '', 'a.example': '', 'c.example': '' }, {}, 'a.example'],
    ['value that does not parse', { 'a.example': '{', 'b.example': '' }, {}, 'b.example'],
    ['visibility label', { 'a.example': '' }, { 'networking.knative.dev/visibility': 'cluster-local' }, undefined],
    ['other visibility', { 'a.example': '' }, { 'networking.knative.dev/visibility': '' }, 'a.example']
  ] as const) {
    t.equal(publicDomain(config('config-domain', data), labels), expected, title)
  }
})

t.test('domain-template sets the public host of a Knative Service', async t => {
  const template = (text: string) =>
    publicHost(config('config-network', { 'domain-template': text }), 'iris', 'user1', { tier: 'gold' })
  for (const [text, host] of [
    ['', 'iris.user1.example.com'],
    ['{{.Name}}-{{ .Namespace }}.{{.Domain}}', 'iris-user1.example.com'],
    ['{{index .Labels "tier"}}.{{.Domain}}', 'gold.example.com'],
    ['{{.Name}}.{{.Domain}}\n', 'iris.example.com'],
    ['models.{{.Domain}}', 'models.example.com']
  ] as const) {
    t.same(template(text), { host, domain: 'example.com' }, text)
  }
  for (const text of [
    '{{index .Annotations "tier"}}.{{.Domain}}',
    '{{index .Labels "x"}}.{{.Domain}}',
    '{{.Name',
    '{{if .Labels}}a{{end}}.{{.Domain}}'
  ]) {
    t.match(template(text), { unknownReason: /^domain-template of ConfigMap knative-serving\/config-network/ }, text)
  }
  t.equal(publicHost(config('config-domain', { 'svc.cluster.local': '' }), 'iris', 'user1', {}), undefined)
})
