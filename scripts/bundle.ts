/**
 * Builds `dist/`: the program bundled into a few files of JavaScript for Node 22, the rule pages, and the license notices
 * of the bundled packages.
 */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild'
import { findBundled, toNotices } from './licenses.ts'

const root = join(import.meta.dirname, '..')
const pages = join(root, 'src/rules')
export const NOTICES = 'THIRD-PARTY-LICENSES.txt'

/** Marks the Kubernetes client, which does not declare it, as free of side effects, so that esbuild drops unused code. */
const treeShakeClient: Plugin = {
  name: 'tree-shake-client',
  setup: ({ onResolve, resolve }) =>
    onResolve({ filter: /^(@kubernetes\/client-node$|\.)/ }, async ({ path, pluginData, resolveDir, ...args }) => {
      const isClient = `${resolveDir}/${path}`.includes('@kubernetes/client-node')
      if (!isClient || pluginData === RESOLVING) return undefined
      const found = await resolve(path, { ...args, resolveDir, pluginData: RESOLVING })
      return { ...found, sideEffects: false }
    })
}
const RESOLVING = 'resolving'

/** Options of every bundle. */
export const OPTIONS = {
  absWorkingDir: root,
  bundle: true,
  metafile: true,
  platform: 'node',
  target: 'node22',
  plugins: [treeShakeClient],
  // An optional import of `debug`; it resolves only because development tools install it.
  external: ['supports-color'],
  logLevel: 'warning'
} as const satisfies BuildOptions

/** @returns esbuild's metafile of the bundle */
export async function bundle(): Promise<Metafile> {
  const dist = join(root, 'dist')
  const built = mkdtempSync(join(root, 'dist-'))
  const { metafile } = await build({
    ...OPTIONS,
    entryPoints: ['main', 'evaluation-worker', 'kubectl-complete'].map(name => join(root, 'src', `${name}.ts`)),
    outdir: built,
    // The Kubernetes client is loaded only by commands that read a cluster.
    splitting: true,
    format: 'esm',
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" }
  })
  for (const name of readdirSync(pages).filter(name => name.endsWith('.md'))) {
    cpSync(join(pages, name), join(built, 'rules', name))
  }
  writeFileSync(join(built, NOTICES), toNotices(findBundled(metafile, root)))
  replaceFiles(built, dist)
  return metafile
}

/** Replaces the files one by one, so that programs that run or start meanwhile find their files. */
function replaceFiles(built: string, folder: string): void {
  const names = readdirSync(built, { recursive: true, encoding: 'utf8' })
  for (const name of names.filter(name => statSync(join(built, name)).isFile())) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    renameSync(join(built, name), join(folder, name))
  }
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!names.includes(name)) rmSync(join(folder, name), { recursive: true, force: true })
  }
  rmSync(built, { recursive: true })
}

if (process.argv[1] === import.meta.filename) await bundle()
