/**
 * Builds `dist/`: the program bundled into a few files of JavaScript for Node 22, the rule pages, and the license notices
 * of the bundled packages.
 */
import { cpSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build, type Metafile, type Plugin } from 'esbuild'
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

/** @returns esbuild's metafile of the bundle */
export async function bundle(): Promise<Metafile> {
  const dist = join(root, 'dist')
  rmSync(dist, { recursive: true, force: true })
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['main', 'evaluation-worker', 'kubectl-complete'].map(name => join(root, 'src', `${name}.ts`)),
    outdir: dist,
    bundle: true,
    metafile: true,
    // The Kubernetes client is loaded only by commands that read a cluster.
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    plugins: [treeShakeClient],
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    // An optional import of `debug`; it resolves only because development tools install it.
    external: ['supports-color'],
    logLevel: 'warning'
  })
  for (const name of readdirSync(pages).filter(name => name.endsWith('.md'))) {
    cpSync(join(pages, name), join(dist, 'rules', name))
  }
  writeFileSync(join(dist, NOTICES), toNotices(findBundled(metafile, root)))
  return metafile
}

if (process.argv[1] === import.meta.filename) await bundle()
