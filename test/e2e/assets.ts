import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** Where each program is built from; the versions are those of cluster/go.mod. */
const PACKAGES = {
  etcd: 'go.etcd.io/etcd/server/v3',
  'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
  kubectl: 'k8s.io/kubernetes/cmd/kubectl',
  helm: 'helm.sh/helm/v4/cmd/helm'
} as const

export type Program = keyof typeof PACKAGES

const MODULE = join(import.meta.dirname, 'cluster')

const CONTROL_PLANE = ['etcd', 'kube-apiserver', 'kubectl'] as const

/**
 * The folder of a control plane's programs: that of `KUBEBUILDER_ASSETS`, or one in the user's cache, where they are
 * built from source once. That takes Go, and some minutes.
 */
export function findAssets(log: (line: string) => void): string {
  return process.env['KUBEBUILDER_ASSETS'] ?? buildOnce(CONTROL_PLANE, log)
}

/** The program. It is no part of a control plane, so it is built wherever that comes from. */
export function findHelm(log: (line: string) => void): string {
  return join(buildOnce(['helm'], log), 'helm')
}

/** @returns the folder in the cache where they are */
function buildOnce(names: readonly Program[], log: (line: string) => void): string {
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
  const folder = join(cache, 'kserve-mesh-guard', `control-plane-${fingerprint()}`)
  mkdirSync(folder, { recursive: true })
  for (const name of names.filter(name => !existsSync(join(folder, name)))) {
    const started = Date.now()
    build(name, folder)
    log(`built ${name} in ${Math.round((Date.now() - started) / 1000)} s`)
  }
  return folder
}

/** Other versions live in another folder. */
function fingerprint(): string {
  const hash = createHash('sha256')
  for (const file of ['go.mod', 'go.sum']) hash.update(readFileSync(join(MODULE, file)))
  return hash.digest('hex').slice(0, 12)
}

function build(name: Program, folder: string): void {
  const version = /k8s\.io\/kubernetes (v\d+\.(\d+)\S*)/.exec(readFileSync(join(MODULE, 'go.mod'), 'utf8'))
  const stamps = {
    'k8s.io/component-base/version.gitVersion': version?.[1],
    'k8s.io/component-base/version.gitMajor': '1',
    'k8s.io/component-base/version.gitMinor': version?.[2],
    'k8s.io/component-base/version.gitTreeState': 'clean',
    'k8s.io/client-go/pkg/version.gitVersion': version?.[1]
  }
  const flags = ['-s', '-w', ...Object.entries(stamps).map(([key, value]) => `-X ${key}=${value}`)]
  const unfinished = join(folder, `${name}.part`)
  execFileSync('go', ['build', '-ldflags', flags.join(' '), '-o', unfinished, PACKAGES[name]], {
    cwd: MODULE,
    env: { ...process.env, CGO_ENABLED: '0', GOWORK: 'off', GOFLAGS: '-mod=readonly -trimpath -buildvcs=false' },
    stdio: ['ignore', 'ignore', 'inherit']
  })
  renameSync(unfinished, join(folder, name))
}
