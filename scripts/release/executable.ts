/**
 * Builds a single executable from the bundle and Node.js, starts it if it is for this machine, and packs it with the licenses:
 * `node scripts/release/executable.ts [PLATFORM]`.
 */
import { closeSync, copyFileSync, mkdirSync, openSync, readSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { build, type Plugin } from 'esbuild'
import { NOTICES, OPTIONS } from '../bundle.ts'
import { findBundled, toNotices } from '../licenses.ts'
import { WORKER_ASSET } from './embedded-files.ts'
import { inFolder, manifest, measured, must, out, type Released, report, root, run } from './lib.ts'
import { binaryOf, findNode, isHost, type Platform, platformOf, programOf } from './platforms.ts'
import { rulePages } from './rule-pages.ts'
import { tryExecutable } from './try-executable.ts'

export const PROGRAM = 'mesh-guard'

const embedFiles: Plugin = {
  name: 'embed-files',
  setup: ({ onResolve }) =>
    onResolve({ filter: /\/program-files\.ts$/ }, () => ({ path: join(import.meta.dirname, 'embedded-files.ts') }))
}

/** Names stay, for stack traces. Less text is read faster where there is no code cache. */
const MINIFY = { minifySyntax: true, minifyWhitespace: true }

/** Bundles each thread into one file: a single executable has no other modules. */
async function bundleThreads(folder: string): Promise<void> {
  const plugins = [...OPTIONS.plugins, embedFiles]
  const { metafile } = await build({
    ...OPTIONS,
    ...MINIFY,
    plugins,
    entryPoints: ['src/main.ts'],
    outfile: join(folder, 'main.mjs'),
    format: 'esm',
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(process.execPath);" }
  })
  // A thread that is started from text is a CommonJS script.
  const worker = {
    entryPoints: ['src/evaluation-worker.ts'],
    outfile: join(folder, WORKER_ASSET),
    format: 'cjs' as const
  }
  await build({ ...OPTIONS, ...MINIFY, ...worker })
  writeFileSync(join(folder, NOTICES), toNotices(findBundled(metafile, root)))
}

/** @returns the path of the executable in the folder */
async function buildExecutable(platform: Platform, folder: string): Promise<string> {
  await bundleThreads(folder)
  const node = await findNode(platform)
  const host = platformOf(undefined)
  // Of the same version, which writes the format that the binary reads.
  const builder = await findNode(host)
  const executable = join(folder, programOf(platform, PROGRAM))
  const config = {
    main: join(folder, 'main.mjs'),
    mainFormat: 'module',
    executable: binaryOf(node, platform),
    output: executable,
    disableExperimentalSEAWarning: true,
    // Compiled code is of one platform.
    useCodeCache: isHost(platform),
    assets: { ...rulePages(), [WORKER_ASSET]: join(folder, WORKER_ASSET) }
  }
  writeFileSync(join(folder, 'sea.json'), JSON.stringify(config))
  await run(binaryOf(builder, host), ['--build-sea', join(folder, 'sea.json')])
  // The signature of the binary does not hold after the change, and macOS starts no program without one on arm64.
  if (process.platform === 'darwin') {
    await run('codesign', ['--force', '--sign', '-', executable])
    await run('codesign', ['--verify', '--strict', executable])
  }
  // The package for Windows has no license file.
  const licensed = platform.os === 'win32' ? await findNode(platformOf('linux-x64')) : node
  copyFileSync(join(licensed, 'LICENSE'), join(folder, 'NODE-LICENSE.txt'))
  copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'))
  return executable
}

function magicOf(file: string, length: number): string {
  const bytes = Buffer.alloc(length)
  const opened = openSync(file, 'r')
  readSync(opened, bytes, 0, length, 0)
  closeSync(opened)
  return bytes.toString('hex')
}

export const archiveOf = ({ name }: Platform, { version } = manifest) => `${PROGRAM}-${version}-${name}.tar.gz`

/** @returns the archive in `release/executables` */
export function makeExecutable(platform: Platform): Promise<Released> {
  return inFolder(async folder => {
    const executable = await buildExecutable(platform, folder)
    must(
      magicOf(executable, platform.magic.length / 2) === platform.magic,
      `${executable} is no program for ${platform.name}`
    )
    const tried = isHost(platform) ? await tryExecutable(executable, manifest) : 'not started: for another platform'
    const archive = join(out, 'executables', archiveOf(platform))
    mkdirSync(join(archive, '..'), { recursive: true })
    const files = [programOf(platform, PROGRAM), 'LICENSE', NOTICES, 'NODE-LICENSE.txt']
    // Names without a folder: to GNU tar, C: is the name of a remote machine.
    await run('tar', ['-czf', basename(archive), ...files], folder)
    copyFileSync(join(folder, basename(archive)), archive)
    const { bytes } = measured(executable, '')
    return measured(archive, `executable of ${Math.ceil(bytes / 1024 / 1024)} MiB; ${tried}`)
  })
}

if (process.argv[1] === import.meta.filename) {
  await report(async () => [await makeExecutable(platformOf(process.argv[2]))])
}
