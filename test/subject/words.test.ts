import t from 'tap'
import type { Resource } from '../../src/state/resource.ts'
import { WordIndex } from '../../src/subject/word-index.ts'
import { countWords } from '../../src/subject/words.ts'
import { resourceOf } from '../support/snapshot.ts'

const policy = (rule: string) =>
  resourceOf(`
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { namespace: user1, name: rules }
spec: { action: DENY, rules: [${rule}] }
`)
const namesOf = (object: Resource) => countWords([object]).names
const paths = (path: string) => policy(`{ to: [{ operation: { paths: ["${path}"] } }] }`)
const route = (uri: string) =>
  resourceOf(`
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { namespace: user1, name: route }
spec: { hosts: ["*"], http: [{ match: [{ uri: ${uri} }] }] }
`)
const httpRoute = (path: string) =>
  resourceOf(`
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { namespace: user1, name: route }
spec: { rules: [{ matches: [{ path: ${path} }] }] }
`)

for (const [name, object, related, others] of [
  ['a path with the name', paths('/v1/models/iris:predict'), ['iris'], ['iri', 'iris-2', 'siris']],
  ['a host in upper case', paths('/Iris'), ['iris'], ['other']],
  ['a part of a longer name', paths('/x-iris-y'), ['iris', 'x-iris', 'iris-y'], ['is', 'x-i']],
  ['the beginning of a longer name', paths('/a-b-c-d-e-f'), ['a-b-c-d-e', 'a-b-c-d-x'], ['a-b-x']],
  ['a name with two dashes', paths('/a-b-c--d'), ['a-b-c--d', 'a-b-c--e', 'd'], ['b--c', 'c-d']],
  ['a beginning before a wildcard', paths('/v1/models/mod*'), ['model', 'modern-1'], ['other', 'a-model']],
  ['a beginning before a template', paths('/v1/mod{*}/x'), ['model'], ['other']],
  ['an end after a wildcard in braces', paths('/v1/{*is}'), ['iris'], ['ir']],
  ['an end after a wildcard', paths('*ris:predict'), ['iris'], ['irise']],
  ['an end after dashes', paths('*-2:predict'), ['iris-2'], ['iris2']],
  ['a part between wildcards', policy('{ from: [{ source: { namespaces: ["*el*"] } }] }'), ['model'], ['other']],
  ['a wildcard beside other characters', paths('*.example.com'), [], ['iris', 'com-x']],
  ['a prefix', route('{ prefix: /v1/models/mod }'), ['model'], ['other']],
  ['a simple regular expression', route('{ regex: "/v1/mod.*" }'), ['model'], ['other']],
  ['a regular expression with classes', route('{ regex: "/v1/[a-m].*" }'), ['model'], []],
  ['a regular expression that matches no part of a name', route('{ regex: "/v1/\\\\d+" }'), [], ['model', 'x']],
  ['a regular expression with word boundaries', route('{ regex: "/v1\\\\b" }'), ['model', 'x'], []],
  [
    'a regular expression whose matches are replaced',
    resourceOf(`
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { namespace: user1, name: route }
spec: { hosts: ["*"], http: [{ rewrite: { uriRegexRewrite: { match: "/v1/(.*)", rewrite: "/x" } } }] }
`),
    ['model', 'x'],
    []
  ],
  [
    'a regular expression of an HTTPRoute',
    httpRoute('{ type: RegularExpression, value: "/mod[a-z]" }'),
    ['mode'],
    ['xx']
  ],
  ['a path of an HTTPRoute', httpRoute('{ type: Exact, value: "/mod[a-z]" }'), ['mod'], ['mode', 'x']]
] as const) {
  t.test(`${name} distinguishes the names that it can match`, async t => {
    const index = WordIndex.of([object])
    for (const one of related) t.not(index.relationOf(one), '', one)
    for (const one of others) t.equal(index.relationOf(one), '', one)
  })
}

t.test('names that no host can contain, or that end like generated names, are distinct', async t => {
  const index = WordIndex.of([])
  for (const name of ['a.b', '1a', 'x-predictor', 'default']) t.equal(index.relationOf(name), name)
  t.equal(index.relationOf('team', 'team-1'), 'team', 'part of the namespace')
  t.equal(index.relationOf('iris', 'team-1'), '')
})

t.test('revisions are distinct if a pattern can match on their numbers', async t => {
  for (const [uri, expected] of [
    ['{ prefix: /x-predictor-00001 }', true],
    ['{ regex: "/x-predictor-0000[1-3].*" }', true],
    ['{ prefix: /x-predictor }', false]
  ] as const) {
    t.equal(WordIndex.of([route(uri)]).hasRevisions, expected, uri)
  }
})

t.test('pods have no words, and a namespace not its own name', async t => {
  const pod = resourceOf('{ apiVersion: v1, kind: Pod, metadata: { namespace: user1, name: iris }, spec: {} }')
  t.equal(namesOf(pod).size, 0)
  const namespace = resourceOf(
    '{ apiVersion: v1, kind: Namespace, metadata: { name: user1, labels: { kubernetes.io/metadata.name: user1, a: b } } }'
  )
  t.notOk(namesOf(namespace).has('user1'))
  t.ok(namesOf(namespace).has('b'))
})

t.test('an object that is added and removed changes no count, however many words it has', async t => {
  for (const count of [1, 2_000]) {
    const labels = Object.fromEntries(Array.from({ length: count }, (_, i) => [`key-${i}`, `value-${i}`]))
    const one = resourceOf(
      JSON.stringify({
        apiVersion: 'security.istio.io/v1',
        kind: 'PeerAuthentication',
        metadata: { namespace: 'user1', name: 'one' },
        spec: { selector: { matchLabels: labels } }
      })
    )
    for (const _ of ['first', 'again']) {
      t.equal(countWords([one]).values.get('value-0'), 1)
      t.equal(countWords([], [one]).values.get('value-0'), -1)
      t.equal(countWords([one], [one]).values.size, 0)
    }
  }
})

t.test('an update changes counts by the difference of both objects', async t => {
  const versions = [
    route('{ exact: /a }'),
    route('{ prefix: /a }'),
    route('{ prefix: "/a-b*" }'),
    route('{ regex: "/[a-b]" }'),
    httpRoute('{ type: Exact, value: "/[a-b]*" }'),
    httpRoute('{ type: RegularExpression, value: "/[a-b]*" }'),
    policy('{ to: [{ operation: { paths: ["/a", "/b*", "10.0.0.0/8"] } }] }'),
    policy('{ to: [{ operation: { paths: ["/b*"], hosts: [x, x] } }], when: [{ key: k, values: [v] }] }'),
    policy('{}')
  ]
  for (const before of versions) {
    for (const after of versions) {
      const [more, less, change] = [countWords([after]), countWords([before]), countWords([after], [before])]
      for (const kind of ['names', 'patterns', 'blocks', 'values'] as const) {
        const expected = [...new Set([...more[kind].keys(), ...less[kind].keys()])]
          .map(word => [word, (more[kind].get(word) ?? 0) - (less[kind].get(word) ?? 0)] as const)
          .filter(([, by]) => by !== 0)
        t.same(new Map([...change[kind]].filter(([, by]) => by !== 0)), new Map(expected), kind)
      }
    }
  }
})
