/**
 * Builds the release in `release/` and checks it: the tarball with the bundle, the chart, the bill of materials, the executable for
 * this machine, and what is derived from them. Prints a table of the files, and exits with 1 at the first failed check. With
 * `--tag TAG` it also checks that the tag and CHANGELOG.md are of this version.
 */
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { findProgram } from '../test/e2e/assets.ts'
import { buildImage, entrypoint } from '../test/support/dockerfile.ts'
import { bundle, NOTICES } from './bundle.ts'
import { type Bundled, findBundled, findStrict } from './licenses.ts'
import { makeExecutable } from './release/executable.ts'
import * as lib from './release/lib.ts'
import { inFolder, measured, must, npm, out, type Released, read, root, run } from './release/lib.ts'
import { makeManifests } from './release/manifests.ts'
import { platformOf } from './release/platforms.ts'
import { tryCheck } from './release/try-executable.ts'
import { CHART, checkVersions, notesOf } from './release/versions.ts'
import { forProduction, toolsIn } from './sbom.ts'

const { manifest } = lib

function checkLicenses(bundled: readonly Bundled[]): void {
  const strict = findStrict(bundled).map(({ name, version, license }) => `${name} ${version} (${license})`)
  must(strict.length === 0, `the bundle has packages whose license needs a review: ${strict.join(', ')}`)
}

/** Packs the tarball, installs it in an empty directory and runs the program. */
async function makeTarball(): Promise<Released> {
  const { name, version, bin } = manifest
  const packages = join(out, 'npm')
  const packed = await npm(['pack', '--json', '--ignore-scripts', '--pack-destination', packages])
  const [{ filename, files }] = JSON.parse(packed) as [{ filename: string; files: readonly { path: string }[] }]
  const paths = files.map(({ path }) => path)
  for (const path of [...Object.values(bin), `dist/${NOTICES}`, 'LICENSE']) {
    must(paths.includes(path), `the tarball has no ${path}`)
  }
  await inFolder(async folder => {
    await npm(['install', '--ignore-scripts', '--no-audit', '--no-fund', join(packages, filename)], folder)
    const installed = readdirSync(join(folder, 'node_modules'))
    const nodes = installed.filter(one => one.startsWith('node-') || one === 'node')
    must(nodes.length === 0, `the package brings its own Node.js: ${nodes.join(', ')}`)
    const program = join(folder, 'node_modules/.bin/mesh-guard')
    const printed = (await run(program, ['--version'], folder)).trim()
    must(printed === version, `the installed program prints version ${printed}, expected ${version}`)
    await tryCheck(program, join(folder, 'node_modules', name, 'examples'))
  })
  return measured(join(packages, filename), `npm package, ${files.length} files; installs and runs`)
}

async function makeChart(): Promise<Released> {
  const folder = join(out, 'chart')
  await run(findProgram('helm', lib.log), ['package', CHART, '--destination', folder])
  return measured(join(folder, `kserve-mesh-guard-${manifest.version}.tgz`), 'Helm chart')
}

/** Writes the bill of materials of the production dependencies, which the bundle is made of. */
async function makeBom(bundled: readonly Bundled[]): Promise<Released> {
  const bom = forProduction(JSON.parse(await npm(['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'])))
  const listed = new Set(bom.components.map(({ name, version }) => `${name} ${version}`))
  const missing = bundled.map(({ name, version }) => `${name} ${version}`).filter(one => !listed.has(one))
  must(missing.length === 0, `the bill of materials lacks packages of the bundle: ${missing.join(', ')}`)
  const tools = toolsIn(bom, Object.keys(manifest.devDependencies))
  must(tools.length === 0, `the bill of materials lists development dependencies: ${tools.join(', ')}`)
  const file = join(out, 'sbom.cdx.json')
  writeFileSync(file, `${JSON.stringify(bom, undefined, 2)}\n`)
  return measured(file, `CycloneDX, ${bom.components.length} packages, of which ${bundled.length} are in the bundle`)
}

/** Builds the image without an engine and measures it without its base. */
function checkImage(): Promise<Released> {
  return inFolder(folder => {
    const app = buildImage(folder)
    const [, main = ''] = entrypoint
    lib.mustHave(app, [main, `dist/${NOTICES}`, 'LICENSE', 'package.json'], 'the image')
    const names = readdirSync(app, { recursive: true, encoding: 'utf8' }).map(name => join(app, name))
    const files = names.map(name => statSync(name)).filter(one => one.isFile())
    const bytes = files.reduce((sum, { size }) => sum + size, 0)
    return { file: 'Dockerfile', bytes, what: `image without its base, ${files.length} files` }
  })
}

function makeNotes(tag: string | undefined): Released {
  const file = join(out, 'notes.md')
  writeFileSync(file, `${notesOf(read('CHANGELOG.md'), manifest.version, tag)}\n`)
  return measured(file, 'release notes from CHANGELOG.md')
}

async function release(tag: string | undefined): Promise<readonly Released[]> {
  rmSync(out, { recursive: true, force: true })
  for (const folder of ['npm', 'chart']) mkdirSync(join(out, folder), { recursive: true })
  checkVersions(manifest)
  const notes = makeNotes(tag)
  const bundled = findBundled(await bundle(), root)
  checkLicenses(bundled)
  const licenses = [...new Set(bundled.map(({ license }) => license))].sort().join(', ')
  const notices = measured(join(root, 'dist', NOTICES), `notices of ${bundled.length} packages: ${licenses}`)
  const made = [await makeTarball(), await makeChart(), await makeBom(bundled), notices, await checkImage(), notes]
  const executable = await makeExecutable(platformOf(undefined))
  return [...made, executable, ...(await makeManifests())]
}

const { values } = parseArgs({ options: { tag: { type: 'string' } } })
await lib.report(() => release(values.tag))
