/**
 * Builds the documentation site in `release/site`. Collects the pages in `tools/site/pages`, with links rewritten to their place on
 * the site, and runs the generator, a package of its own that is installed when the site is built.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { DESCRIPTION, NAME, REPOSITORY, SITE } from './project.ts'

const root = join(import.meta.dirname, '..')
const generator = join(root, 'tools/site')
const pages = join(generator, 'pages')
export const OUT = join(root, 'release/site')

const namesIn = (folder: string) =>
  readdirSync(join(root, folder))
    .filter(name => name.endsWith('.md'))
    .map(name => name.slice(0, -'.md'.length))

const GUIDES = namesIn('docs').filter(name => name !== 'rules')
const RULES = namesIn('src/rules')
const RUNBOOKS = namesIn('docs/runbooks')
const EXAMPLES = ['four-outcomes', 'published']

/** Path on the site, without extension, of each page of the checkout. */
export const PAGES: ReadonlyMap<string, string> = new Map([
  ['README.md', 'index'],
  ['CHANGELOG.md', 'changelog'],
  ['docs/rules.md', 'rules/index'],
  ...GUIDES.map(name => [`docs/${name}.md`, name] as const),
  ...RULES.map(id => [`src/rules/${id}.md`, `rules/${id}`] as const),
  ...RUNBOOKS.map(name => [`docs/runbooks/${name}.md`, `runbooks/${name}`] as const),
  ...EXAMPLES.map(name => [`examples/${name}/README.md`, `examples/${name}`] as const)
])

const addressOf = (page: string) => `/${page.replace(/(^|\/)index$/, '$1')}`

/**
 * Rewrites relative links: to pages of the site, or else to the repository.
 *
 * @param file path of the page in the checkout
 */
export function rewriteLinks(text: string, file: string): string {
  const rewrite = (target: string) => {
    const path = join(dirname(file), target)
    const page = PAGES.get(path)
    if (page !== undefined) return addressOf(page)
    if (!existsSync(join(root, path))) throw new Error(`${file}: link to ${target}, which does not exist`)
    const view = statSync(join(root, path)).isDirectory() ? 'tree' : 'blob'
    return `${REPOSITORY}/${view}/main/${path}`
  }
  // Code blocks have no links.
  return text
    .split(/^(```.*?^```)$/ms)
    .map((part, i) =>
      i % 2 === 1 ? part : part.replace(/\]\((?!\w+:|#)([^)#]+)/g, (_, target: string) => `](${rewrite(target)}`)
    )
    .join('')
}

const titleOf = (file: string) => /^# (.*)$/m.exec(readFileSync(join(root, file), 'utf8'))?.[1] ?? basename(file)

function makeSidebar(): readonly object[] {
  const entry = (file: string) => ({ text: titleOf(file), link: addressOf(PAGES.get(file) ?? '') })
  const group = (text: string, files: readonly string[], collapsed: boolean) => ({
    text,
    collapsed,
    items: files.map(entry)
  })
  return [
    group('Guides', ['README.md', ...GUIDES.map(name => `docs/${name}.md`)], false),
    group('Rules', ['docs/rules.md', ...RULES.map(id => `src/rules/${id}.md`)], true),
    group(
      'Runbooks',
      RUNBOOKS.map(name => `docs/runbooks/${name}.md`),
      true
    ),
    group(
      'Examples',
      EXAMPLES.map(name => `examples/${name}/README.md`),
      true
    )
  ]
}

function collectPages(): void {
  rmSync(pages, { recursive: true, force: true })
  mkdirSync(join(pages, 'public'), { recursive: true })
  for (const [file, page] of PAGES) {
    const text = rewriteLinks(readFileSync(join(root, file), 'utf8'), file)
    mkdirSync(dirname(join(pages, page)), { recursive: true })
    writeFileSync(join(pages, `${page}.md`), text)
  }
  cpSync(join(root, 'docs/icon.svg'), join(pages, 'public/icon.svg'))
  const { pathname: base } = new URL(SITE)
  const site = { title: NAME, description: DESCRIPTION, base, repository: REPOSITORY, sidebar: makeSidebar() }
  writeFileSync(join(pages, 'site.json'), JSON.stringify(site))
}

/** Installs the generator if it is missing, or older than its lock file. */
function install(): void {
  const installed = join(generator, 'node_modules/.package-lock.json')
  const lock = join(generator, 'package-lock.json')
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return
  // esbuild, which the generator uses, works without its install script.
  execFileSync('npm', ['ci', '--ignore-scripts'], { cwd: generator, stdio: ['ignore', 'ignore', 'inherit'] })
}

/** @throws if a link of a page leads nowhere */
export function buildSite(): void {
  install()
  collectPages()
  const program = join(generator, 'node_modules/vitepress/bin/vitepress.js')
  execFileSync(process.execPath, [program, 'build', generator], { stdio: ['ignore', 'ignore', 'inherit'] })
}

if (process.argv[1] === import.meta.filename) {
  buildSite()
  process.stdout.write(`${relative(process.cwd(), OUT)}: ${PAGES.size} pages for ${SITE}\n`)
}
