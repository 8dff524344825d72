import t from 'tap'
import { toAnnotations } from '../../src/report/annotations.ts'
import { AUDITED, BROKEN, finding, GATEWAY, HEALTHY, report, UNEVALUATED } from '../support/reports.ts'

t.test('annotations of a healthy state are the counts', async t => {
  t.equal(toAnnotations(HEALTHY, false), '1 change: 0 denied, 0 with warnings, 1 allowed')
})

t.test('annotations have level, file, line and title', async t => {
  t.equal(
    toAnnotations(BROKEN, false),
    [
      '::error file=base/change.yaml,line=7,title=plaintext-to-mtls-gateway::Gateway a/g spec.servers[0].tls.mode%0Awhat <and> so what%0Ablocks n/a for external at gateway->pod%0Afix: Do this',
      '::warning file=base/more.yaml,line=1,title=no-endpoints::Gateway a/g spec%0Awhat <and> so what%0Ablocks n/a for external at gateway->pod%0Afix: Do this',
      'pre-existing: no-endpoints: what <and> so what',
      '::warning title=not evaluated::not evaluated: request-paths: Gateway: forbidden',
      'skipped: no-endpoints: excepted',
      'skipped: base/more.yaml:9: Job a/j: kind is not evaluated',
      '2 changes: 1 denied, 1 with warnings, 0 allowed'
    ].join('\n')
  )
})

t.test('annotations of a cluster have no file', async t => {
  t.match(toAnnotations(AUDITED, false), /^::error title=.*\n::notice title=.*\n::warning file=base.*\n3 findings$/)
})

t.test('a denial for lack of an evaluation is an error', async t => {
  for (const one of [UNEVALUATED.check, UNEVALUATED.audit])
    t.match(toAnnotations(one, false), /^::error title=not evaluated::not evaluated: request-paths: unknown proxy$/m)
})

t.test('no text ends a command or starts another', async t => {
  const text = '100%\r\n::error::x'
  const one = report({ findings: [finding({ source: { file: 'a,b:c%.yaml', line: 1 }, message: text })] })
  const [line = '', ...rest] = toAnnotations(one, false).split('\n')
  t.match(line, 'file=a%2Cb%3Ac%25.yaml,line=1')
  t.match(line, '%0A100%25%0D%0A::error::x%0A')
  t.same(rest, ['1 finding'])
})

t.test('objects of fixes are printed on request', async t => {
  const one = report({ findings: [finding({ fix: { text: 'Do this', remove: [GATEWAY] } })] })
  t.match(toAnnotations(one, true), '%0Afix: Do this%0A  remove Gateway a/g')
  t.match(toAnnotations(one, false), '%0Afix: Do this (--show-fix prints the objects)')
})
