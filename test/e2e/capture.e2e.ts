/** A capture of a real API server takes its place, also if the reader lacks permissions, and with pseudonyms. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parseAllDocuments, stringify } from 'yaml'
import { end, start } from '../support/program.ts'
import { openCluster } from './installation.ts'

const STRICT = join(import.meta.dirname, '../../examples/strict-mesh.yaml')
const cluster = await openCluster(t)

const withNoise = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'credentials', namespace: 'user1', annotations: { 'example.com/note': 'hidden' } },
  stringData: { password: 'hidden' }
}
const configuration = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'other', namespace: 'user1' },
  data: { password: 'hidden' }
}
await cluster.must(['apply', '-f', '-'], [withNoise, configuration].map(one => stringify(one)).join('---\n'))
await cluster.must(['annotate', 'inferenceservice', '--all', '-A', 'example.com/note=hidden'])
await cluster.must(['create', 'serviceaccount', 'reader', '-n', 'user1'])
const reader = await cluster.kubeconfigOf('user1', 'reader')

const meshGuard = (...argv: readonly string[]) => end(start(t, argv))

/** Captures the cluster to a file. */
async function capture(kubeconfig: string, ...argv: readonly string[]) {
  const result = await meshGuard('capture', '--kubeconfig', kubeconfig, ...argv)
  const file = cluster.file('capture.yaml')
  writeFileSync(file, result.out)
  return { ...result, against: ['--against', file] }
}

const COMMANDS = [
  ['explain', '-o', 'wide'],
  ['explain', '-o', 'json'],
  ['access', '-o', 'json'],
  ['check', STRICT, '-o', 'json'],
  ['check', STRICT, '--show-fix']
]

for (const [title, kubeconfig] of [
  ['an administrator', cluster.kubeconfig],
  ['a ServiceAccount without permissions', reader]
] as const) {
  await t.test(`commands print the same with the capture of ${title} as with the cluster`, async t => {
    const { code, out, err, against } = await capture(kubeconfig)
    t.equal(code, 0, err)
    t.match(out, /^# mesh-guard capture: \d+ objects? of Kubernetes v\d/)
    t.notMatch(out, /hidden|managedFields|resourceVersion|uid:|last-applied/)
    for (const argv of COMMANDS) {
      const ofCluster = await meshGuard(...argv, '--kubeconfig', kubeconfig)
      t.same(await meshGuard(...argv, ...against), ofCluster, argv.join(' '))
    }
  })
}

await t.test('a ServiceAccount without permissions captures which kinds it could not read', async t => {
  const { out } = await capture(reader)
  t.match(out, /^# not readable: InferenceService: .*forbidden/m)
  const [record] = parseAllDocuments(out).map(one => one.toJS())
  t.match(record, { kind: 'Capture', notReadable: { Pod: /forbidden/ } })
})

await t.test('a capture is the same each time, and kubectl accepts its manifests', async t => {
  const { out, against } = await capture(cluster.kubeconfig)
  t.equal((await capture(cluster.kubeconfig)).out, out)
  const [, file = ''] = against
  const { code, err } = await cluster.kubectl(['create', '--dry-run=client', '--validate=false', '-f', file])
  t.equal(code, 0, err)
})

await t.test('an anonymized capture has no names of the cluster, and the same decisions', async t => {
  const { out, against } = await capture(cluster.kubeconfig, '--anonymize', '-n', 'user1', '-n', 'user2')
  t.notMatch(out, /iris|user1|user2/)
  const decisionOf = async (...argv: readonly string[]) => {
    const { code, out } = await meshGuard('check', STRICT, '-o', 'json', ...argv)
    const { decision, steps } = JSON.parse(out)
    return {
      code,
      decision,
      rules: steps.flatMap(({ findings }: { findings: { rule: string }[] }) => findings.map(one => one.rule)).sort()
    }
  }
  t.same(await decisionOf(...against), await decisionOf('--kubeconfig', cluster.kubeconfig))
})
