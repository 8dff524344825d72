import t from 'tap'
import { toMarkdown } from '../../src/report/markdown.ts'
import { AUDITED, BROKEN, finding, HEALTHY, report } from '../support/reports.ts'

t.test('Markdown output of a healthy state is one line', async t => {
  t.equal(toMarkdown(HEALTHY), '**ALLOW: 1 change: 0 denied, 0 with warnings, 1 allowed**')
})

t.test('Markdown output has a row for each finding, and notes', async t => {
  t.equal(
    toMarkdown(BROKEN),
    `**DENY: 2 changes: 1 denied, 1 with warnings, 0 allowed**

| Mode | Rule | Object | Problem | Fix |
| --- | --- | --- | --- | --- |
| deny | plaintext-to-mtls-gateway | Gateway a/g spec.servers\\[0\\].tls.mode (base/change.yaml:7) | what \\<and> so what; blocks n/a for external at gateway->pod | Do this |
| warn | no-endpoints | Gateway a/g spec (base/more.yaml:1) | what \\<and> so what; blocks n/a for external at gateway->pod | Do this |
| pre-existing | no-endpoints | Gateway a/g spec.servers\\[0\\].tls.mode (base/change.yaml:3) | what \\<and> so what | Do this |

- not evaluated: request-paths: Gateway: forbidden
- no-endpoints: excepted
- base/more.yaml:9: Job a/j: kind is not evaluated`
  )
  t.match(
    toMarkdown(AUDITED),
    /^\*\*DENY: 3 findings\*\*\n(.*\n){3}\| deny \| plaintext-to-mtls-gateway \| Gateway a\/g /
  )
})

t.test('cells hold any text', async t => {
  const message = 'a|b\n\n*c* `d` <img> \\| [e](f)'
  t.match(
    toMarkdown(report({ findings: [finding({ message })] })),
    '| a\\|b \\*c\\* \\`d\\` \\<img> \\\\\\| \\[e\\](f); blocks'
  )
  const long = toMarkdown(report({ findings: [finding({ message: `${'x'.repeat(499)}\u{1f600}` })] }))
  t.match(long, `| ${'x'.repeat(499)}\ufffd... |`)
})

t.test('Markdown output fits a comment on GitHub, and counts what it omits', async t => {
  const findings = Array.from({ length: 1000 }, (_, i) => finding({ field: `spec.f${i}`, message: '|'.repeat(200) }))
  const notEvaluated = [{ rule: 'request-paths', missing: [], reason: 'x'.repeat(400) }] as const
  const some = toMarkdown(report({ findings, notEvaluated }))
  t.ok(some.length < 65_536)
  const rows = some.match(/^\| deny /gm)?.length ?? 0
  t.ok(rows > 90)
  t.match(some, new RegExp(`\nOmitted, because a comment is limited: ${1000 - rows} findings, 1 note\\.$`))
  const many = toMarkdown(report({ notEvaluated: Array.from({ length: 200 }, () => notEvaluated[0]) }))
  t.match(many, /\n\nOmitted, because a comment is limited: \d+ notes\.$/)
})
