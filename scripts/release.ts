/**
 * Builds the release in `release/` and checks it: the tarball with the bundle, the chart, the bill of materials. Prints a table
 * of the files, and exits with 1 at the first failed check.
 */
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import { parse } from 'yaml'
import { findProgram } from '../test/e2e/assets.ts'
import { buildImage, entrypoint } from '../test/support/dockerfile.ts'
import { bundle, NOTICES } from './bundle.ts'
import { type Bundled, findBundled, findStrict } from './licenses.ts'
import { forProduction, toolsIn } from './sbom.ts'

const root = join(import.meta.dirname, '..')
const out = join(root, 'release')
const CHART = 'charts/kserve-mesh-guard'

interface Manifest {
  readonly name: string
  readonly version: string
  readonly bin: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

/** A released file. */
interface Released {
  /** Path relative to the checkout. */
  readonly file: string
  readonly bytes: number
  readonly what: string
}

const measured = (file: string, what: string): Released => ({
  file: relative(root, file),
  bytes: statSync(file).size,
  what
})

const log = (line: string) => process.stderr.write(`${line}\n`)

class CheckFailed extends Error {}

function must(holds: boolean, why: string): void {
  if (!holds) throw new CheckFailed(why)
}

const read = (file: string) => readFileSync(join(root, file), 'utf8')
const manifest: Manifest = JSON.parse(read('package.json'))

async function run(program: string, args: readonly string[], cwd = root): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args, { cwd, maxBuffer: 64 * 1024 * 1024 })
  return stdout
}

function checkVersions({ version }: Manifest): void {
  const chart = parse(read(`${CHART}/Chart.yaml`))
  const [, newest] = /^## (\S+)/m.exec(read('CHANGELOG.md')) ?? []
  for (const [where, found] of [
    ['version of Chart.yaml', chart.version],
    ['appVersion of Chart.yaml', chart.appVersion],
    ['newest heading of CHANGELOG.md', newest]
  ] as const) {
    must(found === version, `${where} is ${found}, but package.json has ${version}; set all to the same version`)
  }
}

function checkLicenses(bundled: readonly Bundled[]): void {
  const strict = findStrict(bundled).map(({ name, version, license }) => `${name} ${version} (${license})`)
  must(strict.length === 0, `the bundle has packages whose license needs a review: ${strict.join(', ')}`)
}

/** Packs the tarball, installs it in an empty directory and runs the program. */
async function makeTarball({ name, version, bin }: Manifest): Promise<Released> {
  const packages = join(out, 'npm')
  const packed = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', packages])
  const [{ filename, files }] = JSON.parse(packed) as [{ filename: string; files: readonly { path: string }[] }]
  const paths = files.map(({ path }) => path)
  for (const path of [...Object.values(bin), `dist/${NOTICES}`, 'LICENSE']) {
    must(paths.includes(path), `the tarball has no ${path}`)
  }
  const folder = mkdtempSync(join(tmpdir(), 'mesh-guard-release-'))
  try {
    await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', join(packages, filename)], folder)
    const program = join(folder, 'node_modules/.bin/mesh-guard')
    const printed = (await run(program, ['--version'], folder)).trim()
    must(printed === version, `the installed program prints version ${printed}, expected ${version}`)
    const examples = join(folder, 'node_modules', name, 'examples')
    const check = ['check', join(examples, 'strict-mesh.yaml'), '--against', join(examples, 'cluster')]
    const denied = await run(program, [...check, '--fail-on', 'never'], folder)
    must(denied.startsWith('DENY '), `the installed program does not deny examples/strict-mesh.yaml: ${denied}`)
  } finally {
    rmSync(folder, { recursive: true })
  }
  return measured(join(packages, filename), `npm package, ${files.length} files; installs and runs`)
}

async function makeChart({ version }: Manifest): Promise<Released> {
  const folder = join(out, 'chart')
  await run(findProgram('helm', log), ['package', CHART, '--destination', folder])
  return measured(join(folder, `kserve-mesh-guard-${version}.tgz`), 'Helm chart')
}

/** Writes the bill of materials of the production dependencies, which the bundle is made of. */
async function makeBom(bundled: readonly Bundled[], { devDependencies }: Manifest): Promise<Released> {
  const bom = forProduction(JSON.parse(await run('npm', ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'])))
  const listed = new Set(bom.components.map(({ name, version }) => `${name} ${version}`))
  const missing = bundled.map(({ name, version }) => `${name} ${version}`).filter(one => !listed.has(one))
  must(missing.length === 0, `the bill of materials lacks packages of the bundle: ${missing.join(', ')}`)
  const tools = toolsIn(bom, Object.keys(devDependencies))
  must(tools.length === 0, `the bill of materials lists development dependencies: ${tools.join(', ')}`)
  const file = join(out, 'sbom.cdx.json')
  writeFileSync(file, `${JSON.stringify(bom, undefined, 2)}\n`)
  return measured(file, `CycloneDX, ${bom.components.length} packages, of which ${bundled.length} are in the bundle`)
}

/** Builds the image without an engine and measures it without its base. */
function checkImage(): Released {
  const folder = mkdtempSync(join(tmpdir(), 'mesh-guard-release-'))
  try {
    const app = buildImage(folder)
    const [, main = ''] = entrypoint
    for (const file of [main, `dist/${NOTICES}`, 'LICENSE', 'package.json']) {
      must(existsSync(join(app, file)), `the image has no ${file}`)
    }
    const names = readdirSync(app, { recursive: true, encoding: 'utf8' }).map(name => join(app, name))
    const files = names.map(name => statSync(name)).filter(one => one.isFile())
    const bytes = files.reduce((sum, { size }) => sum + size, 0)
    return { file: 'Dockerfile', bytes, what: `image without its base, ${files.length} files` }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function release(): Promise<readonly Released[]> {
  rmSync(out, { recursive: true, force: true })
  for (const folder of ['npm', 'chart']) mkdirSync(join(out, folder), { recursive: true })
  checkVersions(manifest)
  const bundled = findBundled(await bundle(), root)
  checkLicenses(bundled)
  const notices = measured(join(root, 'dist', NOTICES), `notices of ${bundled.length} packages: ${licensesOf(bundled)}`)
  return [
    await makeTarball(manifest),
    await makeChart(manifest),
    await makeBom(bundled, manifest),
    notices,
    checkImage()
  ]
}

const licensesOf = (bundled: readonly Bundled[]) =>
  [...new Set(bundled.map(({ license }) => license))].sort().join(', ')

function toTable(released: readonly Released[]): string {
  const rows = released.map(({ file, bytes, what }) => [file, `${Math.ceil(bytes / 1024)} KiB`, what])
  const widths = [0, 1].map(i => Math.max(...rows.map(row => (row[i] ?? '').length)))
  return rows
    .map(([file = '', size = '', what]) => `${file.padEnd(widths[0] ?? 0)}  ${size.padStart(widths[1] ?? 0)}  ${what}`)
    .join('\n')
}

try {
  process.stdout.write(`${toTable(await release())}\n`)
} catch (error) {
  if (!(error instanceof CheckFailed)) throw error
  log(`release check failed: ${error.message}`)
  process.exitCode = 1
}
