import t from 'tap'
import { comparePath, isSecondCause, newlyBlocked } from '../../src/engine/newly-blocked.ts'
import type { Path } from '../../src/request/request-path.ts'

type Options = Partial<Pick<Path, 'caller' | 'from' | 'entry' | 'activatorMode' | 'expected'>>

/** Path to a model that passes these hops; the last is blocked by a connection or a policy. */
function path(result: 'open' | 'refused' | 'denied', more: Options = {}, hops = 1): Path {
  const hop = { name: 'caller->pod', calls: [], failure: undefined } as const
  const failure = result === 'refused' ? { cause: 'no-endpoints' } : { cause: 'refused-by-policy', verdict: {} }
  const last = result === 'open' ? hop : ({ ...hop, failure } as unknown as typeof hop)
  return {
    caller: 'in-mesh',
    from: undefined,
    entry: 'address',
    activatorMode: undefined,
    expected: true,
    ...more,
    hops: [...Array.from({ length: hops - 1 }, () => hop), last]
  }
}
const summary = (paths: readonly Path[]) =>
  paths.map(({ caller, from, activatorMode }) => [caller, from, activatorMode].filter(Boolean).join(' '))

t.test('paths that are blocked now and were not before', async t => {
  const nonMesh = { caller: 'non-mesh', expected: false } as const
  const [serve, proxy] = [{ activatorMode: 'serve' }, { activatorMode: 'proxy' }] as const
  const [user1, user2] = [{ from: ['user1'] }, { from: ['user2'] }] as const
  const external = (from?: readonly [string]) => ({ caller: 'external', from }) as const
  for (const [name, before, after, expected] of [
    ['open', [path('open')], [path('open')], []],
    ['blocked', [path('open')], [path('denied')], ['in-mesh']],
    ['blocked before', [path('refused')], [path('denied')], []],
    ['new model', [], [path('denied')], ['in-mesh']],
    ['new model, unexpected callers', [], [path('open'), path('denied', nonMesh)], []],
    ['new model, all callers', [], [path('denied'), path('denied', nonMesh)], ['in-mesh', 'non-mesh']],
    ['probe and requests', [], [path('denied'), path('denied', { caller: 'probe' })], ['in-mesh']],
    [
      'probe and requests of one namespace',
      [],
      [path('denied', user1), path('denied', { caller: 'probe' })],
      ['in-mesh user1', 'probe']
    ],
    ['only a probe', [], [path('open'), path('denied', { caller: 'probe' })], ['probe']],
    [
      'one mode is blocked that was blocked before',
      [path('open', serve), path('denied', proxy)],
      [path('open', serve), path('denied', proxy)],
      []
    ],
    [
      'one mode is blocked that was open',
      [path('open', serve), path('open', proxy)],
      [path('open', serve), path('denied', proxy)],
      ['in-mesh proxy']
    ],
    [
      'the open mode is gone, the other was blocked before',
      [path('open', serve), path('denied', proxy)],
      [path('denied', proxy)],
      ['in-mesh proxy']
    ],
    [
      'the open mode is gone for one class, and open for another',
      [path('open', { ...serve, ...user1 }), path('denied', { ...proxy, ...user1 }), path('open', user2)],
      [path('denied', { ...proxy, ...user1 }), path('open', user2)],
      ['in-mesh user1 proxy']
    ],
    [
      'a class without configuration now is blocked as any caller',
      [path('denied'), path('open', user1)],
      [path('denied')],
      ['in-mesh user1']
    ],
    [
      'only callers in the mesh become any caller',
      [path('open'), path('open', external(['graph']))],
      [path('denied')],
      ['in-mesh']
    ],
    [
      'a namespace that leaves a class',
      [path('open', { from: ['user1', 'user2'] })],
      [path('denied', user1), path('open', user2)],
      ['in-mesh user1']
    ]
  ] as const) {
    t.same(summary(newlyBlocked(before, after)), expected, name)
  }
})

t.test('callers of one class are compared by their classes before', async t => {
  const before = [path('open', { from: ['user1'] }), path('denied', { from: ['user2'] }), path('denied')]
  const after = path('denied', { from: ['user1', 'user2', 'user3'] })
  t.same(
    comparePath(before, after, [after]).map(({ path: { from }, wasReachable }) => [from, wasReachable]),
    [
      [['user1'], true],
      [['user2'], false],
      [['user3'], false]
    ]
  )
})

t.test('a path has a second cause if it was blocked further on', async t => {
  for (const [name, before, now, expected] of [
    ['no path before', [], path('refused'), false],
    ['same hop', [path('refused')], path('refused'), false],
    ['later hop', [path('refused', {}, 2)], path('refused'), true],
    ['earlier hop', [path('refused')], path('refused', {}, 2), false],
    ['policy at the same hop', [path('denied')], path('refused'), true],
    ['connection at the same hop', [path('refused')], path('denied'), false],
    ['one of two', [path('denied'), path('refused')], path('refused'), false],
    ['another call', [path('refused', { entry: 'component' }, 2)], path('refused'), false]
  ] as const) {
    t.equal(isSecondCause(before, now), expected, name)
  }
})
