/** What docs/ tells to run against a cluster, run line by line, in the order of a cluster's life. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { NAME } from '../../src/keeper/names.ts'
import { DEFAULT_SETTINGS } from '../../src/model/snapshot.ts'
import { findAssets, findProgram } from './assets.ts'
import { startControlPlane } from './control-plane.ts'
import { runnerOf } from './kubectl.ts'

const root = join(import.meta.dirname, '../..')
process.chdir(root)
const log = (line: string) => t.comment(line)
const assets = findAssets(log)
const cluster = await startControlPlane(assets)
t.teardown(cluster.stop)
const must = async (...args: readonly string[]) => {
  const { code, err } = await cluster.kubectl(args)
  if (code !== 0) throw new Error(err)
}
const path = [assets, dirname(findProgram('helm', log)), process.env['PATH']].join(':')
const shell = runnerOf('env', [`PATH=${path}`, `KUBECONFIG=${cluster.kubeconfig}`, 'sh', '-c'])

const { istioNamespace, knativeNamespace, kserveNamespace } = DEFAULT_SETTINGS
for (const name of [istioNamespace, knativeNamespace, kserveNamespace]) {
  await must('create', 'namespace', name)
}

/** Nobody runs pods here, so somebody has to say that they run. */
async function rollOut(): Promise<void> {
  const status = { observedGeneration: 1, replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2 }
  const patch = ['patch', 'deployment', NAME, '-n', 'mesh-guard', '--subresource=status', '--type=merge', '-p']
  await must(...patch, JSON.stringify({ status }))
}

const commandsOf = (text: string) =>
  [...text.matchAll(/^```sh\n(.*?)^```/gms)].flatMap(([, block = '']) => block.trim().split('\n'))
const [install = '', uninstall = ''] = readFileSync('docs/install.md', 'utf8').split('## Uninstall')
const chapters = { install, 'failure modes': readFileSync('docs/failure-modes.md', 'utf8'), uninstall }

for (const [chapter, text] of Object.entries(chapters)) {
  await t.test(chapter, async t => {
    const commands = commandsOf(text)
    t.ok(commands.length > 1)
    for (const command of commands) {
      if (command.includes('rollout status')) await rollOut()
      // A namespace goes when controllers have emptied it, and there are none here.
      const line = command
        .replace('npx mesh-guard', `${process.execPath} dist/main.js`)
        .replace(/^kubectl delete namespace .*/, '$& --wait=false')
      const { code, out, err } = await shell([line])
      t.equal(code, 0, command)
      if (code !== 0) t.comment(`${out}${err}`)
    }
  })
}
