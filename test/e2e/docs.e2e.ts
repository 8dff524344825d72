/** Runs the commands of docs/ that require a cluster, in the order of a cluster's lifecycle. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { stringify } from 'yaml'
import { NAME } from '../../src/controller/names.ts'
import { findAssets, findProgram } from './assets.ts'
import { startControlPlane } from './control-plane.ts'
import { runnerOf } from './kubectl.ts'
import { definitionOf, POLICY_REPORT } from './report-kinds.ts'

const root = join(import.meta.dirname, '../..')
process.chdir(root)
const log = (line: string) => t.comment(line)
const assets = findAssets(log)
const cluster = await startControlPlane(assets)
t.teardown(cluster.stop)
const must = async (...args: readonly string[]) => {
  const { code, out, err } = await cluster.kubectl(args)
  if (code !== 0) throw new Error(err)
  return out
}
const path = [assets, dirname(findProgram('helm', log)), process.env['PATH']].join(':')
const shell = runnerOf('env', [`PATH=${path}`, `KUBECONFIG=${cluster.kubeconfig}`, 'sh', '-c'])

for (const name of ['istio-system', 'knative-serving', 'kserve']) {
  await must('create', 'namespace', name)
}

await cluster.kubectl(['apply', '-f', '-'], stringify(definitionOf(POLICY_REPORT)))
await must('wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s')

/** Directory for files written by commands. */
const files = mkdtempSync(join(tmpdir(), 'mesh-guard-e2e-docs-'))
t.teardown(() => rmSync(files, { recursive: true }))

/** Sets the status of the Deployment, because no kubelet runs pods. */
async function rollOut(): Promise<void> {
  const generation = await must('get', 'deployment', NAME, '-n', 'mesh-guard', '-o', 'jsonpath={.metadata.generation}')
  const status = {
    observedGeneration: Number(generation),
    replicas: 2,
    updatedReplicas: 2,
    readyReplicas: 2,
    availableReplicas: 2
  }
  const patch = ['patch', 'deployment', NAME, '-n', 'mesh-guard', '--subresource=status', '--type=merge', '-p']
  await must(...patch, JSON.stringify({ status }))
}

const commandsOf = (text: string) =>
  [...text.matchAll(/^```sh\n(.*?)^```/gms)].flatMap(([, block = '']) => block.trim().split('\n'))
const page = (name: string) => readFileSync(`docs/${name}.md`, 'utf8')
const [install = '', uninstall = ''] = page('install').split('## Uninstall')

/** Writes what a running guard writes into the objects of the chart. */
async function fillIn(): Promise<void> {
  const webhooks = [
    {
      name: 'validate.mesh-guard.io',
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
      clientConfig: { service: { name: NAME, namespace: 'mesh-guard', path: '/validate' } },
      rules: [{ apiGroups: ['example.com'], apiVersions: ['*'], operations: ['CREATE'], resources: ['*'] }]
    }
  ]
  for (const [kind, content] of [
    ['validatingwebhookconfiguration', { webhooks }],
    ['mutatingwebhookconfiguration', { webhooks }],
    ['secret', { data: { 'tls.crt': 'eA==' } }],
    ['lease', { spec: { holderIdentity: 'one' } }]
  ] as const) {
    await must('patch', kind, NAME, '-n', 'mesh-guard', '--type=merge', '-p', JSON.stringify(content))
  }
}

/** Uninstalls the release, so that the install commands start without one. */
async function uninstallRelease(): Promise<void> {
  const { code, err } = await shell([`helm uninstall ${NAME} --namespace mesh-guard`])
  if (code !== 0) throw new Error(err)
}

async function run(t: Pick<Test, 'equal' | 'comment'>, command: string): Promise<void> {
  if (command.includes('rollout status')) await rollOut()
  // No namespace controller runs that would finish the deletion.
  const line = command
    .replace('npx mesh-guard', `${process.execPath} dist/main.js`)
    .replace(/^kubectl delete namespace .*/, '$& --wait=false')
    .replace(/\b(guard-\w+\.yaml)/, join(files, '$1'))
  const { code, out, err } = await shell([line])
  t.equal(code, 0, command)
  if (code !== 0) t.comment(`${out}${err}`)
}

const isPipe = (command: string) => /^(helm|kubectl) .* \| npx mesh-guard /.test(command)

await t.test('pipelines', async t => {
  const commands = commandsOf(page('ci')).filter(isPipe)
  t.equal(commands.length, 2)
  for (const command of commands) await run(t, command)
})

for (const [chapter, text, before] of [
  ['rollout', page('rollout'), undefined],
  ['GitOps', page('gitops'), fillIn],
  ['security', page('security'), undefined],
  ['install', install, uninstallRelease],
  ['failure modes', page('failure-modes'), undefined],
  ['uninstall', uninstall, undefined]
] as const) {
  await t.test(chapter, async t => {
    const commands = commandsOf(text)
    t.ok(commands.length > 0)
    await before?.()
    for (const command of commands) await run(t, command)
  })
}
