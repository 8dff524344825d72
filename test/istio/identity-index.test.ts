import fc from 'fast-check'
import t from 'tap'
import { findByIdentity, indexValues } from '../../src/istio/identity-index.ts'
import type { IdentityKey } from '../../src/istio/identity-match.ts'
import { matchesIdentity } from '../../src/istio/identity-match.ts'
import { identityOf } from '../../src/state/workload.ts'
import { property } from '../support/property.ts'

const OWN = 'own'
const find = (key: IdentityKey, values: readonly string[], namespace: string, serviceAccount = 'default') => {
  const index = indexValues(key, values, OWN)
  return findByIdentity(index, identityOf({ namespace, serviceAccount }, 'cluster.local')).concat(index.anyNamespace)
}

t.test('the index finds values that can match an identity', async t => {
  for (const [key, value, found, missed] of [
    ['source.namespace', 'a', 'a', 'b'],
    ['source.namespace', 'ab*', 'abc', 'a'],
    ['source.namespace', '*bc', 'abc', 'ab'],
    ['source.namespace', 'a*c', 'ab', 'b'],
    ['source.serviceAccount', 'default', OWN, 'a'],
    ['source.serviceAccount', 'a/default', 'a', 'b'],
    ['source.serviceAccount', 'a/other*', 'a', 'b'],
    ['source.principal', 'cluster.local/ns/a/sa/default', 'a', 'b'],
    ['source.principal', 'cluster.local/ns/a/*', 'a', 'b'],
    ['source.principal', 'cluster.local/ns/ab*', 'abc', 'a'],
    ['source.principal', '*/ns/a/sa/default', 'a', 'b'],
    ['source.principal', '*b/sa/default', 'ab', 'a']
  ] as const) {
    t.same(find(key, [value], found), [value], `${value} for ${found}`)
    t.same(find(key, [value], missed), [], `${value} not for ${missed}`)
  }
  t.same(find('source.principal', ['cluster.local/ns/a/sa/other'], 'a'), [], 'another service account')
  t.same(find('source.principal', ['*/ns/a*'], 'a'), [], 'suffix with an inner wildcard matches no identity')
  t.same(findByIdentity(indexValues('source.namespace', ['a'], OWN), undefined), [], 'plaintext has no identity')
})

t.test('the index always finds values that can match any namespace', async t => {
  for (const [key, value] of [
    ['source.namespace', '*'],
    ['source.namespace', 'sa'],
    ['source.namespace', 's*'],
    ['source.namespace', '*a'],
    ['source.namespace', 'a/sa'],
    ['source.principal', '*'],
    ['source.principal', 'cluster.local/*'],
    ['source.principal', '*/default'],
    ['source.principal', '*/b/default'],
    ['source.principal', '*/ns/a/b/default'],
    ['source.principal', 'a/b/c/d/e']
  ] as const) {
    t.same(find(key, [value], 'x'), [value], value)
  }
})

const segment = fc.constantFrom('a', 'b', 'ab', 'sa', 'ns', 's', '*', 'a*', '*b', '*a', 's*', '*s', 'a*b', '')
const text = fc.array(segment, { minLength: 1, maxLength: 5 }).map(segments => segments.join('/'))
const principal = fc
  .tuple(segment, segment)
  .map(([namespace, account]) => `cluster.local/ns/${namespace}/sa/${account}`)
const value = fc.oneof(
  text,
  principal,
  principal.map(one => one.replace('cluster.local', '*'))
)
const name = fc.constantFrom('a', 'b', 'ab', 'sa', 'ns', 's', '')
const key = fc.constantFrom('source.principal' as const, 'source.namespace' as const, 'source.serviceAccount' as const)

property(
  t,
  'the index finds every value that matches',
  fc.tuple(key, value, name, name),
  5000,
  ([key, value, namespace, account]) => {
    const context = { namespace: OWN, trustDomains: ['cluster.local', 'td.b'] }
    const identity = identityOf({ namespace, serviceAccount: account }, 'cluster.local')
    if (!matchesIdentity(key, value, identity, context)) return
    if (!find(key, [value], namespace, account).includes(value)) throw new Error(`${key} ${value} misses ${identity}`)
  }
)
