import { stringify } from 'yaml'
import { PROGRAM } from './executable.ts'
import type { Manifest } from './lib.ts'
import type { Download } from './manifests.ts'
import { programOf } from './platforms.ts'

/** Names of Go, which krew and Kubernetes use. */
const GO_ARCH = { x64: 'amd64', arm64: 'arm64' } as const
const GO_OS = { linux: 'linux', darwin: 'darwin', win32: 'windows' } as const

/** The plugin as `kubectl krew install` reads it. */
export function toKrew({ version, description, homepage }: Manifest, downloads: readonly Download[]): string {
  return stringify(
    {
      apiVersion: 'krew.googlecontainertools.github.com/v1alpha2',
      kind: 'Plugin',
      metadata: { name: PROGRAM },
      spec: {
        version: `v${version}`,
        homepage,
        shortDescription: 'Detect changes that break request paths to KServe models',
        description: `${description}. The plugin evaluates manifests and clusters without the webhook, and writes nothing.\n`,
        platforms: downloads.map(({ platform, url, sha256 }) => ({
          selector: { matchLabels: { os: GO_OS[platform.os], arch: GO_ARCH[platform.cpu] } },
          uri: url,
          sha256,
          bin: programOf(platform, PROGRAM)
        }))
      }
    },
    { lineWidth: 0 }
  )
}
