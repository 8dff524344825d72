import fc from 'fast-check'
import t from 'tap'
import { Store } from '../../../src/sources/cluster/store.ts'
import { readResource } from '../../../src/sources/manifest.ts'
import type { Resource } from '../../../src/state/resource.ts'
import { DEFAULT_SETTINGS } from '../../../src/state/settings.ts'

const ALL = { kind: 'PeerAuthentication' } as const
const MODES = ['STRICT', 'PERMISSIVE', 'DISABLE'] as const

function policy(namespace: string, name: string, mode: string): Resource {
  const object = {
    apiVersion: 'security.istio.io/v1',
    kind: 'PeerAuthentication',
    metadata: { namespace, name },
    spec: { mtls: { mode } }
  }
  return readResource(object) as Resource
}

const keyOf = ({ namespace, name }: Resource) => `${namespace}/${name}`

t.test('the snapshot has the last version of each object, for any sequence of changes', async () => {
  const name = fc.constantFrom(...Array.from({ length: 12 }, (_, i) => `n${i}`))
  const object = fc.tuple(fc.constantFrom('a', 'b', 'c'), name, fc.constantFrom(...MODES))
  const step = fc.oneof(
    { weight: 20, arbitrary: fc.record({ upsert: object }) },
    { weight: 10, arbitrary: fc.record({ delete: object }) },
    { weight: 3, arbitrary: fc.record({ read: fc.constant(true) }) },
    { weight: 1, arbitrary: fc.record({ replace: fc.array(object) }) }
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), steps => {
      const store = new Store(DEFAULT_SETTINGS)
      const expected = new Map<string, Resource>()
      const isEqual = () => {
        const list = store.snapshot().list(ALL.kind)
        const wanted = [...expected.values()].sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1))
        return (
          JSON.stringify([...list].sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1))) ===
            JSON.stringify(wanted) && store.count(ALL) === expected.size
        )
      }
      for (const one of steps) {
        if ('upsert' in one) {
          const resource = policy(...one.upsert)
          store.upsert(ALL, resource)
          expected.set(keyOf(resource), resource)
        } else if ('delete' in one) {
          const resource = policy(...one.delete)
          store.delete(ALL, resource)
          expected.delete(keyOf(resource))
        } else if ('replace' in one) {
          const resources = one.replace.map(each => store.reuse(policy(...each)))
          store.replace(ALL, resources)
          expected.clear()
          for (const resource of resources) expected.set(keyOf(resource), resource)
        } else if (!isEqual()) return false
      }
      return isEqual()
    })
  )
})

t.test('an equal object keeps the snapshot', async t => {
  const store = new Store(DEFAULT_SETTINGS)
  store.upsert(ALL, policy('a', 'x', 'STRICT'))
  const first = store.snapshot()
  store.upsert(ALL, policy('a', 'x', 'STRICT'))
  store.delete(ALL, { namespace: 'a', name: 'y' })
  store.replace(ALL, [store.reuse(policy('a', 'x', 'STRICT'))])
  t.equal(store.snapshot(), first)
  store.upsert(ALL, policy('a', 'x', 'DISABLE'))
  t.not(store.snapshot(), first)
  t.equal(store.snapshot(), store.snapshot())
})

t.test('collections of different names are independent', async t => {
  const store = new Store(DEFAULT_SETTINGS)
  const map = (name: string) =>
    readResource({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'x', name } }) as Resource
  const [one, other] = [
    { kind: 'ConfigMap', name: 'a' },
    { kind: 'ConfigMap', name: 'b' }
  ] as const
  store.replace(one, [map('a')])
  store.replace(other, [map('b')])
  store.replace(one, [])
  t.same(
    store
      .snapshot()
      .list('ConfigMap')
      .map(({ name }) => name),
    ['b']
  )
  t.equal(store.count(one), 0)
  t.equal(store.count(other), 1)
})

t.test('many events have the same result as a list', async t => {
  const store = new Store(DEFAULT_SETTINGS)
  const startedMs = performance.now()
  for (let i = 0; i < 50_000; i++) store.upsert(ALL, policy('a', `n${i % 20_000}`, MODES[i % 3] ?? ''))
  for (let i = 0; i < 10_000; i++) store.delete(ALL, { namespace: 'a', name: `n${i}` })
  t.equal(store.snapshot().list(ALL.kind).length, 10_000)
  t.equal(store.count(ALL), 10_000)
  t.comment(`${Math.round(performance.now() - startedMs)} ms`)
})
