import { SaxesParser } from 'saxes'
import t from 'tap'
import { toJunit } from '../../src/report/junit.ts'
import type { Report } from '../../src/report/report.ts'
import { AUDITED, BROKEN, finding, GATEWAY, HEALTHY, report, step, UNEVALUATED } from '../support/reports.ts'

interface Element {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: Element[]
  text: string
}

/** Parses XML strictly: what is not well-formed throws. */
function parse(xml: string): Element {
  const root: Element = { name: '', attributes: {}, children: [], text: '' }
  const open = [root]
  const parser = new SaxesParser()
  parser.on('opentag', ({ name, attributes }) => {
    const element = { name, attributes, children: [], text: '' }
    open.at(-1)?.children.push(element)
    open.push(element)
  })
  parser.on('text', text => {
    const element = open.at(-1)
    if (element !== undefined) element.text += text
  })
  parser.on('closetag', () => void open.pop())
  parser.on('error', error => {
    throw error
  })
  parser.write(xml).close()
  return root
}

/** Attributes of the suite, and for each case its name and what it contains. */
function casesOf(one: Report, showFix = false) {
  const [suites] = parse(toJunit(one, showFix)).children
  const [suite] = suites?.children ?? []
  const { name: _, ...counts } = suite?.attributes ?? {}
  const cases = (suite?.children ?? []).map(({ attributes, children }) => {
    const [result] = children
    return [attributes['classname'], attributes['name'], result?.name, result?.attributes['message']]
  })
  return { counts, cases }
}

t.test('JUnit output has a test case for each change', async t => {
  t.same(casesOf(HEALTHY), {
    counts: { tests: '1', failures: '0', errors: '0', skipped: '0' },
    cases: [['base/change.yaml', 'UPDATE Gateway a/g', 'system-out', undefined]]
  })
  t.same(casesOf(BROKEN), {
    counts: { tests: '5', failures: '1', errors: '0', skipped: '3' },
    cases: [
      ['base/change.yaml', 'UPDATE Gateway a/g', 'failure', 'plaintext-to-mtls-gateway: what <and> so what'],
      ['base/more.yaml', 'UPDATE Gateway a/g', 'system-out', undefined],
      ['request-paths', 'not evaluated', 'skipped', 'not evaluated: request-paths: Gateway: forbidden'],
      ['no-endpoints', 'exception', 'skipped', 'no-endpoints: excepted'],
      ['base/more.yaml', 'Job a/j', 'skipped', 'base/more.yaml:9: Job a/j: kind is not evaluated']
    ]
  })
})

t.test('JUnit output of an audit has a test case for each rule and object', async t => {
  t.same(casesOf(AUDITED), {
    counts: { tests: '2', failures: '1', errors: '0', skipped: '0' },
    cases: [
      ['plaintext-to-mtls-gateway', 'Gateway a/g', 'failure', 'plaintext-to-mtls-gateway: what <and> so what'],
      ['no-endpoints', 'Gateway a/g', 'system-out', undefined]
    ]
  })
  t.same(casesOf(report()).cases, [['mesh-guard', 'no finding', 'system-out', undefined]])
})

t.test('a denial for lack of an evaluation fails', async t => {
  t.match(casesOf(UNEVALUATED.check).cases, [
    ['base/change.yaml', 'UPDATE Gateway a/g', 'failure', 'the change is not evaluated, and `unevaluated` is `deny`'],
    ['request-paths', 'not evaluated', 'failure', 'not evaluated: request-paths: unknown proxy']
  ])
  t.match(casesOf(UNEVALUATED.audit).cases, [
    ['request-paths', 'not evaluated', 'failure', 'not evaluated: request-paths: unknown proxy']
  ])
})

t.test('text of any characters is well-formed XML', async t => {
  const name = 'a"b\'<c>&]]>\u0000\u001b\ud800\uffff\n\u{1f600}'
  const findings = [finding({ message: name, object: { ...GATEWAY, name } })]
  const one = report({ decision: 'deny', steps: [step({ decision: 'deny', findings })] })
  const [[, , , message] = []] = casesOf(one).cases
  t.equal(message, `plaintext-to-mtls-gateway: a"b'<c>&]]>${'\ufffd'.repeat(4)}\n\u{1f600}`)
})

t.test('objects of fixes are printed on request', async t => {
  const fix = { text: 'Do this', remove: [GATEWAY] }
  const one = report({ findings: [finding({ fix })] })
  t.match(toJunit(one, true), 'remove Gateway a/g')
  t.notMatch(toJunit(one, false), 'remove Gateway a/g')
})
