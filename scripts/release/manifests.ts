/**
 * Writes the krew manifest, the Homebrew formula and the checksums of the files in `release/`: `node scripts/release/manifests.ts`
 * fails if the executable for a platform is missing.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { findProgram } from '../../test/e2e/assets.ts'
import { REPOSITORY } from '../project.ts'
import { archiveOf, PROGRAM } from './executable.ts'
import { toFormula } from './homebrew.ts'
import { toKrew } from './krew.ts'
import { log, manifest, measured, must, out, type Released, report, root, run } from './lib.ts'
import { PLATFORMS, type Platform } from './platforms.ts'

/** Archive with the executable for a platform. */
export interface Download {
  readonly platform: Platform
  readonly url: string
  readonly sha256: string
}

const sha256Of = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex')

function downloads(): readonly Download[] {
  return PLATFORMS.flatMap(platform => {
    const name = archiveOf(platform)
    const file = join(out, 'executables', name)
    if (!existsSync(file)) return []
    return { platform, url: `${REPOSITORY}/releases/download/v${manifest.version}/${name}`, sha256: sha256Of(file) }
  })
}

function write(file: string, text: string, what: string): Released {
  const path = join(out, file)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
  return measured(path, what)
}

/** Files of a release that users download, in `release/`. */
const assets = () =>
  ['executables', 'npm', 'chart'].flatMap(folder => readdirSync(join(out, folder)).map(name => join(out, folder, name)))

/** In the format of `sha256sum --check`; the names are those of the downloaded files. */
const toChecksums = (files: readonly string[]) => files.map(file => `${sha256Of(file)}  ${basename(file)}\n`).join('')

/** Checks the manifest as the index of krew does. */
async function checkKrew({ file }: Released): Promise<void> {
  const validate = findProgram('validate-krew-manifest', log)
  await run(validate, ['-manifest', join(root, file), '-skip-install']).catch(({ stderr }) =>
    must(false, `${file} is no valid manifest of a plugin: ${stderr}`)
  )
}

/** For the executables that are there. */
export async function makeManifests(): Promise<readonly Released[]> {
  const found = downloads()
  const names = found.map(({ platform }) => platform.name).join(', ')
  const files = [...assets(), join(out, 'sbom.cdx.json')]
  const krew = write(`krew/${PROGRAM}.yaml`, toKrew(manifest, found), `krew manifest for ${names}`)
  await checkKrew(krew)
  return [
    krew,
    write(`homebrew/${PROGRAM}.rb`, toFormula(manifest, found), `Homebrew formula for ${names}`),
    write('SHA256SUMS', toChecksums(files), `checksums of ${files.length} files`)
  ]
}

if (process.argv[1] === import.meta.filename) {
  await report(async () => {
    const missing = PLATFORMS.filter(one => !existsSync(join(out, 'executables', archiveOf(one))))
    must(missing.length === 0, `release/executables lacks ${missing.map(one => archiveOf(one)).join(', ')}`)
    return makeManifests()
  })
}
