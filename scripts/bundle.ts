/** Makes `dist/`: the program in a few files, without types, for any Node from 20 on, with the pages of the rules. */
import { cpSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

const root = join(import.meta.dirname, '..')
const dist = join(root, 'dist')
const pages = join(root, 'src/rules')

rmSync(dist, { recursive: true, force: true })
await build({
  entryPoints: ['main', 'kubectl-complete'].map(name => join(root, 'src', `${name}.ts`)),
  outdir: dist,
  bundle: true,
  // What needs a cluster, and a newer Node with it, is loaded only when it is used.
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  logLevel: 'warning'
})
for (const name of readdirSync(pages).filter(name => name.endsWith('.md'))) {
  cpSync(join(pages, name), join(dist, 'rules', name))
}
