import t from 'tap'
import type { Hop, HopName } from '../../src/request/hop.ts'
import { type Branch, evaluatePath, type PathTemplate } from '../../src/request/request-path.ts'

const hop = (name: HopName, result: Partial<Hop> = {}): Hop => ({ name, calls: [], failure: undefined, ...result })
const BLOCKED = {
  failure: { cause: 'no-endpoints', address: { apiVersion: 'v1', kind: 'Service', namespace: 'a', name: 'b' } }
} as const
const UNKNOWN = { unknown: { reason: 'ambient', inputs: 'x' } }
const toPod = (result: Partial<Hop>, more: Partial<Branch> = {}): Branch => ({
  activatorMode: undefined,
  hops: [hop('caller->pod', result)],
  shared: 0,
  ...more
})
const call = { host: 'a', path: '/', method: 'POST', token: undefined, headers: {}, headersComplete: false }
const evaluated = (...branches: readonly Branch[]) => {
  const template: PathTemplate = {
    caller: 'in-mesh',
    from: undefined,
    entry: 'address',
    candidates: [{ at: [], call }],
    follow: () => branches
  }
  return evaluatePath(template)
}
const outcomes = (...branches: readonly Branch[]) =>
  evaluated(...branches).map(({ activatorMode, hops, unknown }) => [
    activatorMode,
    ...hops.map(({ failure }) => failure?.cause ?? unknown?.reason ?? 'ok')
  ])

t.test('of several ways in one activator mode, the one that fails is the path', async t => {
  for (const [name, branches, expected] of [
    ['no way', [], []],
    ['one way', [toPod({})], [[undefined, 'ok']]],
    ['the second is blocked', [toPod({}), toPod(BLOCKED)], [[undefined, 'no-endpoints']]],
    ['the first is blocked', [toPod(BLOCKED), toPod({})], [[undefined, 'no-endpoints']]],
    ['one is unknown', [toPod({}), toPod(UNKNOWN)], [[undefined, 'ambient']]],
    ['one is unknown, one blocked', [toPod(UNKNOWN), toPod(BLOCKED)], [[undefined, 'no-endpoints']]],
    [
      'modes are compared apart',
      [toPod({}, { activatorMode: 'serve' }), toPod(BLOCKED, { activatorMode: 'proxy' })],
      [
        ['serve', 'ok'],
        ['proxy', 'no-endpoints']
      ]
    ]
  ] as const) {
    t.same(outcomes(...branches), expected, name)
  }
})

t.test('ways behind a hop that is unknown are one path', async t => {
  const gateway = hop('caller->local-gateway', UNKNOWN)
  const way = (activatorMode: 'serve' | 'proxy') => ({ activatorMode, hops: [gateway, hop('gateway->pod')], shared: 1 })
  t.same(outcomes(way('serve'), way('proxy')), [[undefined, 'ambient']])
})

t.test('an unknown hop ends a path, and its inputs tell what follows', async t => {
  const behind = (result: Partial<Hop>) =>
    evaluated({
      activatorMode: undefined,
      hops: [hop('caller->local-gateway', UNKNOWN), hop('gateway->pod', result)],
      shared: 0
    })
  const [open, blocked] = [behind({}), behind(BLOCKED)]
  t.same(
    open.map(({ hops }) => hops.length),
    [1]
  )
  t.same(
    blocked.map(({ hops }) => hops.length),
    [1]
  )
  t.match(blocked[0]?.unknown?.inputs, 'no-endpoints')
  t.notSame(open[0]?.unknown?.inputs, blocked[0]?.unknown?.inputs)
})
