import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { serveFolder } from './support/cluster.ts'
import { meshGuard } from './support/command.ts'
import { kubeconfig } from './support/kubeconfig.ts'

const root = join(import.meta.dirname, '..')
const DOCS = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'SECURITY.md',
  'charts/kserve-mesh-guard/README.md',
  'docs/ambient.md',
  'docs/capture.md',
  'docs/ci.md',
  'docs/compatibility.md',
  'docs/cli.md',
  'docs/configuration.md',
  'docs/explain.md',
  'docs/failure-modes.md',
  'docs/gitops.md',
  'docs/install.md',
  'docs/plan.md',
  'docs/rollout.md',
  'docs/rules.md',
  'docs/security.md',
  'src/README.md',
  'test/conformance/README.md',
  'examples/four-outcomes/README.md',
  'examples/kind/README.md',
  'examples/published/README.md',
  'test/upstream/README.md',
  ...readdirSync(join(root, 'docs/runbooks')).map(name => `docs/runbooks/${name}`)
]
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>
}

/** Commands of these pages change a cluster and are run by test/e2e/docs.e2e.ts. */
const IN_CLUSTER = ['failure-modes', 'gitops', 'install', 'rollout', 'security'].map(name => `docs/${name}.md`)

/** Expected exit codes; `.ci/run` runs the npm commands. */
const COMMANDS: Readonly<Record<string, number>> = {
  'npx mesh-guard check examples/ambient --against examples/cluster': 1,
  'npx mesh-guard check examples/migration --against examples/cluster': 1,
  'npx mesh-guard check examples/strict-mesh.yaml --against examples/cluster': 1,
  'npx mesh-guard check examples/strict-mesh.yaml --against live': 1,
  'npx mesh-guard audit --against live': 0,
  'npx mesh-guard explain --against live': 0,
  'npx mesh-guard rules strict-mesh-plain-local-gateway': 0,
  'npx mesh-guard explain user1/sklearn-iris --against examples/cluster': 0,
  'npx mesh-guard access user1/sklearn-iris --against examples/four-outcomes': 0,
  'npx mesh-guard access --against examples/four-outcomes': 0,
  'npx mesh-guard access user1/sklearn-iris-burst --against examples/four-outcomes -o wide': 0,
  'npx mesh-guard trace --from user2/sleep-6d6b49d8b8-6ths6 --to httpbin.user1:8000 --against examples/cluster': 0,
  'npx mesh-guard audit --against examples/cluster': 0,
  'npx mesh-guard explain user1/sklearn-iris-burst --against examples/four-outcomes': 0,
  'npx mesh-guard trace --from user2/sleep-1 --to sklearn-iris-predictor-00001-private.user1:80 --against examples/four-outcomes': 1,
  'npx mesh-guard check examples/strict-mesh.yaml --against examples/cluster -o markdown': 1,
  'npx mesh-guard audit --against examples/four-outcomes': 0,
  'npx mesh-guard audit --against examples/four-outcomes -o sarif': 0,
  'npx mesh-guard audit --against examples/four-outcomes -o junit': 0,
  'npx mesh-guard audit --against examples/four-outcomes -o github --show-fix': 0,
  'npx mesh-guard explain --against examples/four-outcomes': 0,
  'npx mesh-guard explain user1/sklearn-iris --against examples/four-outcomes': 0,
  'npx mesh-guard capture > cluster.yaml': 0,
  'npx mesh-guard capture --anonymize > anonymous.yaml': 0,
  'npx mesh-guard plan examples/mtls-only.yaml --against examples/cluster': 0,
  'npx mesh-guard access --assert examples/access.yaml --against examples/four-outcomes': 0,
  'npx mesh-guard rules --symptom WRONG_VERSION_NUMBER': 0,
  'npx mesh-guard diff examples/cluster examples/four-outcomes': 1,
  'npx mesh-guard explain --against examples/four-outcomes -o html > paths.html': 0,
  'npx mesh-guard access --against examples/four-outcomes -o html > access.html': 0,
  'npx mesh-guard diff examples/cluster examples/four-outcomes -o html > diff.html': 1,
  'npx mesh-guard plan --goal strict-mtls --against examples/cluster': 0,
  'npx mesh-guard plan --goal ambient -n user1 --against examples/cluster': 0,
  'npx mesh-guard fix examples/strict-mesh.yaml --against examples/cluster': 0,
  'npx mesh-guard explain user1/sklearn-iris --show-fix --against examples/cluster': 0,
  'npx mesh-guard schema config': 0,
  'npx mesh-guard completion bash > ~/.local/share/bash-completion/completions/mesh-guard': 0,
  'npx mesh-guard rules': 0,
  'npx mesh-guard version': 0
}

process.chdir(root)
const install = readFileSync(join(root, 'docs/install.md'), 'utf8')
const live = await serveFolder(t, join(root, 'examples/cluster'))
const config = join(t.testdir({ config: kubeconfig(live.url) }), 'config')

for (const file of DOCS) {
  const text = readFileSync(join(root, file), 'utf8')
  t.test(`${file}: commands have the expected exit code`, async t => {
    for (const [, name = ''] of text.matchAll(/`?npm run (?:-s )?([\w:-]+)/g)) t.ok(name in scripts, `npm run ${name}`)
    if (IN_CLUSTER.includes(file)) return
    const blocks = [...text.matchAll(/^```sh\n(.*?)^```/gms)].map(([, block = '']) => block.trim())
    for (const line of blocks.flatMap(block => block.split('\n'))) {
      const command = line.replace(/ +#.*/, '')
      if (/^npm (ci|start|test|run lint)$/.test(command)) continue
      // test/cli/main.test.ts runs it until a signal stops it.
      if (command === 'npx mesh-guard serve --manifests examples/cluster') continue
      const [, testFile] = /^npx (?:node|tap run --disable-coverage) (test\/\S+)$/.exec(command) ?? []
      if (testFile !== undefined) {
        t.ok(existsSync(testFile), testFile)
        continue
      }
      // test/e2e/docs.e2e.ts runs them with real programs.
      if (/^(helm|kubectl) .* \| npx mesh-guard check - /.test(command)) continue
      if (command.startsWith('helm ')) {
        t.ok(install.includes(command), 'docs/install.md contains the command, which test/e2e/docs.e2e.ts runs')
        continue
      }
      t.ok(command in COMMANDS, `expected exit code is defined: ${command}`)
      const argv = command.replace(/^npx mesh-guard | > .*$/g, '').split(' ')
      const { code, err } = await meshGuard(
        ...argv,
        ...(argv.includes('live') || argv[0] === 'capture' ? ['--kubeconfig', config] : [])
      )
      t.equal(code, COMMANDS[command], err)
    }
  })
  t.test(`${file}: output after a command is its output`, async t => {
    for (const [, command = '', output] of text.matchAll(
      /^```sh\nnpx mesh-guard ([^\n]*)\n```\n\n```text\n(.*?)^```$/gms
    ))
      t.equal((await meshGuard(...command.split(' '))).out, output, command)
  })
  t.test(`${file}: links resolve`, async t => {
    for (const [, target = ''] of text.matchAll(/\]\((?!https?:)([^)#]+)\)/g)) {
      t.ok(readFileSync(join(root, file, '..', target)).length > 0, target)
    }
  })
}
