/** The documentation site: built, with every link checked, and opened in Chromium. */
import { createReadStream, existsSync, readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import type { Page } from 'playwright-core'
import t from 'tap'
import { parse } from 'yaml'
import { SITE } from '../../scripts/project.ts'
import { buildSite, OUT, PAGES, rewriteLinks } from '../../scripts/site.ts'
import { RULE_IDS } from '../../src/config-schema.ts'
import { rulePage } from '../../src/engine/rule-page.ts'
import { launchChromium } from './chromium.ts'

const root = join(import.meta.dirname, '../..')
const BASE = new URL(SITE).pathname
buildSite()

/** File for a path of the site, as GitHub Pages finds it. */
function fileOf(path: string): string | undefined {
  if (!path.startsWith(BASE)) return undefined
  const wanted = join(OUT, decodeURIComponent(path.slice(BASE.length)))
  const candidates = path.endsWith('/') ? [join(wanted, 'index.html')] : [wanted, `${wanted}.html`]
  return candidates.find(file => extname(file) !== '' && existsSync(file))
}

const pages = readdirSync(OUT, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.html'))
const textOf = (file: string) => readFileSync(file, 'utf8')
const valuesOf = (text: string, attribute: string) =>
  [...text.matchAll(new RegExp(` ${attribute}="([^"]*)"`, 'g'))].map(([, value = '']) => value.replaceAll('&amp;', '&'))

/** Why an address leads nowhere on the site. */
function problemOf(address: string, from: string): string | undefined {
  const url = new URL(address, from)
  if (url.origin !== new URL(SITE).origin) return undefined
  const file = fileOf(url.pathname)
  if (file === undefined) return `${url.pathname}: no such page`
  const anchor = decodeURIComponent(url.hash.slice(1))
  if (anchor === '' || valuesOf(textOf(file), 'id').includes(anchor)) return undefined
  return `${url.pathname}: no anchor ${anchor}`
}

t.test('problemOf finds missing pages and anchors', async t => {
  for (const [address, expected] of [
    ['install', undefined],
    ['rules/', undefined],
    ['rules/no-endpoints#fix', undefined],
    ['https://example.com/', undefined],
    ['instal', `${BASE}instal: no such page`],
    ['rules/no-endpoints#fixes', `${BASE}rules/no-endpoints: no anchor fixes`],
    ['/install', '/install: no such page']
  ] as const)
    t.equal(problemOf(address, SITE), expected, address)
})

t.test('rewriteLinks links to the site, or to the repository', async t => {
  const [blob, tree] = ['blob', 'tree'].map(
    view => `https://github.com/kserve-mesh-guard/kserve-mesh-guard/${view}/main`
  )
  for (const [text, expected] of [
    ['[a](../src/rules/no-endpoints.md#fix)', '[a](/rules/no-endpoints#fix)'],
    ['[a](rules.md), [b](install.md)', '[a](/rules/), [b](/install)'],
    ['[a](#anchor) [b](https://example.com/a.md)', '[a](#anchor) [b](https://example.com/a.md)'],
    ['[a](../LICENSE)', `[a](${blob}/LICENSE)`],
    ['[a](../examples)', `[a](${tree}/examples)`],
    ['```text\n[a](none.md)\n```\n', '```text\n[a](none.md)\n```\n']
  ] as const)
    t.equal(rewriteLinks(text, 'docs/plan.md'), expected, text)
  t.throws(() => rewriteLinks('[a](none.md)', 'docs/plan.md'), /docs\/plan.md: link to none.md/)
})

t.test('every page is built, and every link leads somewhere', async t => {
  for (const page of PAGES.values()) t.ok(pages.includes(`${page}.html`), page)
  let links = 0
  for (const page of pages) {
    const from = new URL(page.replace(/(^|\/)index\.html$|\.html$/, '$1'), SITE).href
    const targets = [...new Set(['href', 'src'].flatMap(name => valuesOf(textOf(join(OUT, page)), name)))]
    links += targets.length
    t.same(
      targets.flatMap(target => problemOf(target, from) ?? []),
      [],
      page
    )
  }
  t.comment(`${pages.length} pages, ${links} links`)
})

t.test('addresses in findings, alerts and the chart exist', async t => {
  const chart = (name: string) => textOf(join(root, 'charts/kserve-mesh-guard', name))
  const { home, icon, annotations } = parse(chart('Chart.yaml'))
  const links: readonly { readonly url: string }[] = parse(annotations['artifacthub.io/links'])
  const runbooks = [...chart('alerts.yaml').matchAll(/runbook_url: (\S+)/g)].map(([, url = '']) => url)
  const readme = [...chart('README.md').matchAll(/\]\((https:[^)]+)\)/g)].map(([, url = '']) => url)
  t.ok(runbooks.length > 0 && readme.length > 0)
  const addresses = [...RULE_IDS.map(rulePage), ...runbooks, ...readme, home, icon, ...links.map(({ url }) => url)]
  for (const address of addresses) t.equal(problemOf(address, SITE), undefined, address)
})

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.woff2': 'font/woff2'
}

/** Serves the site on loopback. @returns the address of its start page */
async function serveSite(): Promise<string> {
  const server = createServer((request, response) => {
    const file = fileOf(new URL(request.url ?? '', SITE).pathname)
    if (file === undefined) {
      response.writeHead(404).end()
      return
    }
    response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' })
    createReadStream(file).pipe(response)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}${BASE}`
}

/** Errors of the console, failed requests, and answers with an error. */
function collectErrors(page: Page): readonly string[] {
  const errors: string[] = []
  page.on('console', message => {
    if (['error', 'warning'].includes(message.type())) errors.push(message.text())
  })
  page.on('pageerror', error => errors.push(String(error)))
  page.on('requestfailed', request => {
    const error = request.failure()?.errorText
    // Chromium aborts the prefetches of a page that it leaves.
    if (error !== 'net::ERR_ABORTED') errors.push(`${request.url()}: ${error}`)
  })
  page.on('response', response => {
    if (response.status() >= 400) errors.push(`${response.url()}: ${response.status()}`)
  })
  return errors
}

t.test('Chromium shows the site, and search finds a rule', async t => {
  const start = await serveSite()
  const browser = await launchChromium()
  t.teardown(() => browser.close())
  const page = await browser.newPage()
  const errors = collectErrors(page)
  await page.goto(start, { waitUntil: 'networkidle' })
  t.equal(await page.$eval('h1', heading => heading.textContent?.trim().slice(0, 17)), 'kserve-mesh-guard')
  await page.click('.VPNavBarSearchButton, #local-search button')
  await page.waitForSelector('#localsearch-input')
  await page.fill('#localsearch-input', 'WRONG_VERSION_NUMBER')
  await page.waitForSelector('#localsearch-list a')
  const found = await page.$$eval('#localsearch-list a', links => links.map(link => link.getAttribute('href') ?? ''))
  const [first = ''] = found.filter(href => href.includes('/rules/client-mtls-to-plain-listener'))
  t.ok(first.startsWith(`${BASE}rules/client-mtls-to-plain-listener`), found.join())
  await page.click(`#localsearch-list a[href="${first}"]`)
  await page.waitForURL('**/rules/client-mtls-to-plain-listener*')
  await page.waitForSelector('h1#client-mtls-to-plain-listener')
  await page.goto(`${start}rules/`, { waitUntil: 'networkidle' })
  t.equal(await page.$$eval('table a', links => links.length), RULE_IDS.length, 'the table links to every rule')
  t.same(errors, [])
  await t.rejects(page.goto(`${start}none`), 'a missing page is an error')
  t.match(errors, [/none: 404$/])
})
