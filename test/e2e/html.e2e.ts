/** Pages of `-o html` in a real Chromium. Screenshots are written to the folder of SCREENSHOTS if it is set. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Page } from 'playwright-core'
import t from 'tap'
import { makeObjects } from '../../scripts/bench-cluster.ts'
import { launchChromium } from './chromium.ts'

const root = join(import.meta.dirname, '../..')
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const WIDTHS = [400, 1400]
const OUTCOMES = 'examples/four-outcomes'

const folder = mkdtempSync(join(tmpdir(), 'mesh-guard-e2e-html-'))
const screenshots = process.env['SCREENSHOTS'] ?? folder
const browser = await launchChromium()
t.teardown(async () => {
  await browser.close()
  rmSync(folder, { recursive: true })
})

/** Writes a page with the built program, as a user does. */
function writePage(name: string, ...argv: readonly string[]): string {
  const { stdout, stderr } = spawnSync(process.execPath, ['dist/main.js', ...argv, '-o', 'html'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 2 ** 28
  })
  if (stdout === '') throw new Error(stderr)
  const file = join(folder, `${name}.html`)
  writeFileSync(file, stdout)
  return pathToFileURL(file).href
}

interface Opened {
  readonly page: Page
  /** Messages of the console, errors, violations of the Content Security Policy, and requests. */
  readonly events: readonly string[]
}

async function open(
  url: string,
  { width = 1400, colorScheme = 'light' as 'light' | 'dark', javaScriptEnabled = true } = {}
): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, javaScriptEnabled })
  const page = await context.newPage()
  const events: string[] = []
  page.on('console', message => events.push(`console ${message.type()}: ${message.text()}`))
  page.on('pageerror', error => events.push(`error: ${error.message}`))
  page.on('request', request => {
    if (request.url() !== url && !request.url().startsWith('data:')) events.push(`request: ${request.url()}`)
  })
  await page.goto(url)
  return { page, events }
}

const PAGES = {
  explain: writePage('explain', 'explain', '--against', OUTCOMES),
  access: writePage('access', 'access', '--against', OUTCOMES),
  diff: writePage('diff', 'diff', 'examples/cluster', OUTCOMES)
}

/** Texts of a diagram that its boxes or its width cut off. */
const CUT_OFF = `[...document.querySelectorAll('svg')].flatMap(svg => [...svg.querySelectorAll('text')]
  .filter(text => text.getBBox().x + text.getBBox().width > svg.viewBox.baseVal.width).map(text => text.textContent))`

for (const [name, url] of Object.entries(PAGES)) {
  for (const width of WIDTHS) {
    for (const colorScheme of ['light', 'dark'] as const) {
      await t.test(`${name}, ${width} pixels, ${colorScheme}`, async t => {
        const { page, events } = await open(url, { width, colorScheme })
        await page.screenshot({ path: join(screenshots, `${name}-${width}-${colorScheme}.png`), fullPage: true })
        const choices = page.locator('#model input[type=radio]')
        t.ok((await choices.count()) > 1)
        for (const choice of await choices.all()) {
          await choice.check()
          t.same(await page.evaluate(CUT_OFF), [], 'texts of the diagram fit')
        }
        await page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        t.equal(await page.evaluate('document.documentElement.scrollWidth - innerWidth'), 0, 'no horizontal scrolling')
        const background = await page.evaluate('getComputedStyle(document.body).backgroundColor')
        t.match(background, colorScheme === 'dark' ? /rgb\(([0-5]?\d), / : /rgb\((2\d\d), /)
        t.same(events, [])
        // The page allows no other script; a debugger is not a script of the page.
        await page.evaluate(AXE)
        const violations = await page.evaluate(
          "axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' ')))"
        )
        t.same(violations, [], 'accessibility')
        await page.context().close()
      })
    }
  }
}

await t.test('a model and a path are chosen by keyboard', async t => {
  const { page, events } = await open(PAGES.explain)
  const focused = () => page.evaluate('document.activeElement.textContent || document.activeElement.value')
  const press = async (...keys: readonly string[]) => {
    for (const key of keys) await page.keyboard.press(key)
  }
  await press('Tab')
  await page.keyboard.type('burst')
  t.equal(await page.locator('#models tr:visible').count(), 1)
  // Check box, table (it scrolls), link.
  await press('Tab', 'Tab', 'Tab')
  t.equal(await focused(), 'user1/sklearn-iris-burst')
  await press('Enter')
  await page.locator('#model-name:focus').waitFor()
  t.equal(await focused(), 'user1/sklearn-iris-burst')
  // Caller, then the radio buttons.
  await press('Tab', 'Tab')
  t.match(await page.locator('#path h3').first().innerText(), /^BLOCKED in-mesh \(any other namespace\)/)
  await press('ArrowDown')
  t.match(await page.locator('#path h3').first().innerText(), /^BLOCKED external, InferenceService URL/)
  const drawn = (await page.locator('#path svg text').allTextContents()).join(' ')
  for (const part of [
    'caller: external',
    'TLS: client sends plaintext, server accepts plaintext HTTP',
    'ingress-gateway',
    'identity: istio-system/istio-ingressgateway',
    'BLOCKED: policy-denies-request-path',
    'AuthorizationPolicy user1/allow-serving-tests spec.rules'
  ])
    t.ok(drawn.includes(part), part)
  const red = await page.evaluate("getComputedStyle(document.querySelector('#path svg .arrow.blocked')).stroke")
  t.equal(red, 'rgb(179, 18, 29)')
  t.match(await page.locator('#path article').innerText(), /403 RBAC: access denied/)
  await page.locator('#path article summary').press('Enter')
  t.match(await page.locator('#path article pre').innerText(), /^apiVersion: security\.istio\.io/)
  await page.goBack()
  await page.locator('#model h2', { hasText: /^user1\/sklearn-iris$/ }).waitFor()
  t.same(events, [])
})

await t.test('diff shows a path before and after', async t => {
  const { page } = await open(PAGES.diff)
  const [before, after] = await page.locator('#path figure').all()
  t.match(await before?.innerText(), /^Before: caller → pod/)
  t.match(await after?.innerText(), /^After: caller → pod/)
  t.equal(await before?.locator('.blocked').count(), 0)
  t.not(await after?.locator('.blocked').count(), 0)
  const [left, right] = [await before?.boundingBox(), await after?.boundingBox()]
  t.equal(left?.y, right?.y, 'beside each other')
})

await t.test('without JavaScript, a page shows the table and the causes', async t => {
  const { page } = await open(PAGES.explain, { javaScriptEnabled: false })
  t.match(
    await page.locator('main').innerText(),
    /need JavaScript.*user1\/sklearn-iris\s+BLOCKED.*policy-denies-request-path/s
  )
  t.equal(await page.locator('#filters:visible, #model:visible').count(), 0)
})

await t.test('names of a manifest file are never markup', async t => {
  const name = '<img src=x onerror=alert(1)>\'"</script>'
  const models = readFileSync(join(root, OUTCOMES, 'models.yaml'), 'utf8')
  const file = join(folder, 'models.yaml')
  writeFileSync(file, models.replaceAll(/name: sklearn-iris$/gm, `name: ${JSON.stringify(name)}`))
  const url = writePage('hostile', 'explain', '--against', file)
  const { page, events } = await open(url)
  t.match(await page.locator('#models').innerText(), name)
  t.equal(await page.locator('img').count(), 0)
  t.same(events, [])
})

await t.test('a page of 1,000 models is usable', async t => {
  const file = join(folder, 'cluster.yaml')
  writeFileSync(
    file,
    makeObjects(1_000)
      .map(one => JSON.stringify(one))
      .join('\n---\n')
  )
  const url = writePage('large', 'explain', '--against', file)
  const { size } = statSync(new URL(url))
  t.comment(`${size} bytes`)
  t.ok(size < 1_000_000, `${size} bytes`)
  const started = performance.now()
  const { page, events } = await open(url)
  await page.locator('#filters input[type=search]').fill('model-777')
  t.same(await page.locator('#models tr:visible th').allInnerTexts(), ['team-7/model-777'])
  await page.locator('#models th a:visible').click()
  t.equal(await page.locator('#model h2').innerText(), 'team-7/model-777')
  t.match(await page.locator('#path svg').getAttribute('aria-label'), 'caller to ')
  t.comment(`${(performance.now() - started).toFixed(0)} ms to open, filter and choose`)
  t.same(events, [])
})
