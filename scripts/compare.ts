/**
 * Measures how long one process takes to check one file against the example cluster: `mesh-guard check`, and where they are on the
 * PATH, `istioctl analyze` and `kyverno apply`. The programs do not check the same: istioctl analyzes configuration, and kyverno
 * applies one policy about mTLS. Results depend on the machine.
 *
 *     node scripts/compare.ts [MAIN] [RUNS]
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const [main = 'dist/main.js', runs = '5'] = process.argv.slice(2)
const CHANGE = 'examples/strict-mesh.yaml'
const CLUSTER = 'examples/cluster'

/** @see kyverno 1.15 https://kyverno.io/docs/policy-types/cluster-policy/validate/ */
const POLICY = `apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: { name: mtls }
spec:
  validationFailureAction: Enforce
  rules:
    - name: not-strict
      match: { any: [{ resources: { kinds: [PeerAuthentication] } }] }
      validate:
        message: STRICT blocks clients without mTLS
        pattern: { spec: { mtls: { mode: "!STRICT" } } }
`

const folder = mkdtempSync(join(tmpdir(), 'mesh-guard-compare-'))
const policy = join(folder, 'policy.yaml')
writeFileSync(policy, POLICY)

const print = (line: string) => void process.stdout.write(`${line}\n`)

/** Median time of a process in ms; undefined if the program is not on the PATH. */
function measure(program: string, argv: readonly string[]): number | undefined {
  const times = Array.from({ length: Number(runs) }, () => {
    const start = performance.now()
    const { error } = spawnSync(program, argv, { cwd: root, stdio: 'ignore' })
    return error === undefined ? performance.now() - start : undefined
  })
  const sorted = times.filter(time => time !== undefined).sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]
}

const own = measure(process.execPath, [main, 'check', CHANGE, '--against', CLUSTER])
print(`mesh-guard check: ${own?.toFixed(0)} ms, median of ${runs}`)
for (const [name, program, argv] of [
  ['istioctl analyze', 'istioctl', ['analyze', '--use-kube=false', '--recursive', CLUSTER, CHANGE]],
  ['kyverno apply', 'kyverno', ['apply', policy, '--resource', CHANGE]]
] as const) {
  const time = measure(program, argv)
  if (time === undefined) print(`${name}: ${program} is not on the PATH`)
  else print(`${name}: ${time.toFixed(0)} ms; mesh-guard check takes ${(Number(own) / time).toFixed(1)} times as long`)
}
rmSync(folder, { recursive: true })
