/** SARIF output has the edits of files that fix a finding. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { fixEditor } from '../../src/cli/fix-edits.ts'
import type { Replacement } from '../../src/report/text-replacement.ts'
import type { Manifest as Fixed } from '../../src/rules/lib/rule.ts'
import { readFiles } from '../../src/sources/files.ts'
import { meshGuard } from '../support/command.ts'
import { end, start } from '../support/program.ts'
import { applyReplacement } from '../support/replacement.ts'

const root = join(import.meta.dirname, '../..')
const CLUSTER = ['--against', join(root, 'examples/cluster')]
const STRICT = readFileSync(join(root, 'examples/strict-mesh.yaml'), 'utf8')
const GATEWAY = `# The local gateway.
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { namespace: knative-serving, name: knative-local-gateway } # of Knative
spec:
  selector: { istio: ingressgateway }
  servers:
    - hosts: ["*"] # any
      port: { name: https, number: 8081, protocol: HTTPS }
      tls: { mode: ISTIO_MUTUAL }
`

interface SarifFix {
  readonly artifactChanges: readonly { readonly replacements: readonly Replacement[] }[]
}

const fixesIn = (sarif: string): readonly SarifFix[] =>
  JSON.parse(sarif).runs[0].results.flatMap(({ fixes = [] }: { readonly fixes?: readonly SarifFix[] }) => fixes)

for (const [name, text] of [
  ['an object that no file has is inserted before the change', STRICT],
  ['the manifest of the object at fault is edited', GATEWAY]
] as const) {
  t.test(name, async t => {
    const file = join(t.testdir({ 'change.yaml': text }), 'change.yaml')
    const { code, out } = await meshGuard('check', file, ...CLUSTER, '-o', 'sarif')
    t.equal(code, 1)
    const [fix] = fixesIn(out)
    const [change] = fix?.artifactChanges ?? []
    const fixed = (change?.replacements ?? []).reduce(applyReplacement, text)
    t.not(fixed, text)
    for (const [comment = ''] of text.matchAll(/#.*/g)) t.match(fixed, comment, 'comments stay')
    writeFileSync(file, fixed)
    t.equal((await meshGuard('check', file, ...CLUSTER)).code, 0, 'the edited file is admitted')
  })
}

t.test('there is no edit of standard input, and none without a file', async t => {
  process.chdir(root)
  const { out } = await end(start(t, ['check', '-', ...CLUSTER, '-o', 'sarif'], STRICT))
  t.equal(JSON.parse(out).runs[0].results.length, 1)
  t.same(fixesIn(out), [])
})

t.test('objects of a fix are edited, inserted or removed where they are', async t => {
  const named = (name: string, spec: object = {}): Fixed => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'a' },
    spec
  })
  const refOf = (name: string) => ({ apiVersion: 'v1', kind: 'Service', namespace: 'a', name })
  const folder = t.testdir({
    '1.yaml': ['one', 'two']
      .map(name => `kind: Service\napiVersion: v1\nmetadata: { namespace: a, name: ${name} }\n`)
      .join('---\n'),
    '2.yaml': 'apiVersion: v1\nkind: Service\nmetadata: { namespace: a, name: three }\n'
  })
  const manifests = readFiles([folder])
  const atTwo = { file: join(folder, '1.yaml'), line: 6 }
  const edit = (
    ...[fix, source, max]: readonly [
      { apply?: readonly Fixed[]; remove?: readonly ReturnType<typeof refOf>[] },
      typeof atTwo | undefined,
      number?
    ]
  ) =>
    fixEditor(manifests, max)({ text: '', ...fix }, source).map(({ file, after }) => [
      file.slice(-6),
      ...[...after.matchAll(/name: (\w+)/g)].map(([, name]) => name)
    ])
  for (const [name, actual, expected] of [
    [
      'inserted before the manifest at fault',
      edit({ apply: [named('new'), named('more')] }, atTwo),
      [['1.yaml', 'one', 'new', 'more', 'two']]
    ],
    ['edited in its own file', edit({ apply: [named('three', { type: 'x' })] }, atTwo), [['2.yaml', 'three']]],
    [
      'edited in two files',
      edit({ apply: [named('new'), named('three', { type: 'x' })] }, atTwo),
      [
        ['1.yaml', 'one', 'new', 'two'],
        ['2.yaml', 'three']
      ]
    ],
    ['removed', edit({ remove: [refOf('one')] }, atTwo), [['1.yaml', 'two']]],
    [
      'edited and another removed',
      edit({ apply: [named('two', { type: 'x' })], remove: [refOf('one')] }, atTwo),
      [['1.yaml', 'two']]
    ],
    ['removed, but in no file', edit({ remove: [refOf('four')], apply: [named('two')] }, atTwo), []],
    ['new, and the object at fault is in no file', edit({ apply: [named('new')] }, undefined), []],
    ['only text', edit({}, atTwo), []],
    ['the limit of characters is reached', edit({ apply: [named('new')] }, atTwo, 10), []]
  ] as const)
    t.same(actual, expected, name)
})
