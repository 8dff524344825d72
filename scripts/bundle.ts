/**
 * Makes `dist/`: the program in a few files, without types, for any Node from 20 on, with the pages of the rules and the
 * notices of the packages that went into it.
 */
import { cpSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build, type Metafile, type Plugin } from 'esbuild'
import { findBundled, toNotices } from './licences.ts'

const root = join(import.meta.dirname, '..')
const pages = join(root, 'src/rules')
export const NOTICES = 'THIRD-PARTY-LICENCES.txt'

/** Says of the Kubernetes client, which does not say so itself, that what nobody uses of it may go: nearly all of it. */
const onlyWhatIsUsed: Plugin = {
  name: 'only-what-is-used',
  setup: ({ onResolve, resolve }) =>
    onResolve({ filter: /^(@kubernetes\/client-node$|\.)/ }, async ({ path, pluginData, resolveDir, ...args }) => {
      const isClient = `${resolveDir}/${path}`.includes('@kubernetes/client-node')
      if (!isClient || pluginData === RESOLVING) return undefined
      const found = await resolve(path, { ...args, resolveDir, pluginData: RESOLVING })
      return { ...found, sideEffects: false }
    })
}
const RESOLVING = 'resolving'

/** @returns what is in it */
export async function bundle(): Promise<Metafile> {
  const dist = join(root, 'dist')
  rmSync(dist, { recursive: true, force: true })
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['main', 'evaluation-worker', 'kubectl-complete'].map(name => join(root, 'src', `${name}.ts`)),
    outdir: dist,
    bundle: true,
    metafile: true,
    // What needs a cluster, and a newer Node with it, is loaded only when it is used.
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    plugins: [onlyWhatIsUsed],
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    // `debug` takes it where it is there, and it is there because tools for development bring it along.
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
