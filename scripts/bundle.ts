/** Makes `dist/`: the program in a few files, without types, for any Node from 20 on, with the pages of the rules. */
import { cpSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build, type Plugin } from 'esbuild'

const root = join(import.meta.dirname, '..')
const dist = join(root, 'dist')
const pages = join(root, 'src/rules')

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

rmSync(dist, { recursive: true, force: true })
await build({
  entryPoints: [join(root, 'src/main.ts')],
  outdir: dist,
  bundle: true,
  // What needs a cluster, and a newer Node with it, is loaded only when it is used.
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  plugins: [onlyWhatIsUsed],
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  logLevel: 'warning'
})
for (const name of readdirSync(pages).filter(name => name.endsWith('.md'))) {
  cpSync(join(pages, name), join(dist, 'rules', name))
}
