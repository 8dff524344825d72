import { join } from 'node:path'
import t from 'tap'
import { diffSchema } from '../../src/report/diff.ts'
import { serveFolder } from '../support/cluster.ts'
import { meshGuard } from '../support/command.ts'
import { kubeconfig } from '../support/kubeconfig.ts'

const examples = join(import.meta.dirname, '../../examples')
const CLUSTER = join(examples, 'cluster')
const OUTCOMES = join(examples, 'four-outcomes')

t.test('the exit code is 1 if a path closes', async t => {
  const summary = (text: string) => text.trimEnd().split('\n').at(-1)
  const closing = await meshGuard('diff', CLUSTER, OUTCOMES)
  t.equal(closing.code, 1)
  t.equal(summary(closing.out), '8 request paths close, 0 open, 5 peer identity changes')
  t.match(await meshGuard('diff', CLUSTER, OUTCOMES, '--fail-on', 'never'), { code: 0 })
  const opening = await meshGuard('diff', OUTCOMES, CLUSTER)
  t.equal(opening.code, 0)
  t.equal(summary(opening.out), '0 request paths close, 8 open, 5 peer identity changes')
})

t.test('output formats', async t => {
  const { out } = await meshGuard('diff', CLUSTER, OUTCOMES, '-o', 'json')
  t.equal(diffSchema.parse(JSON.parse(out)).closes.length, 8)
  t.match(await meshGuard('diff', CLUSTER, OUTCOMES, '-o', 'markdown'), { out: /^\*\*8 request paths close, / })
  const page = await meshGuard('diff', CLUSTER, OUTCOMES, '-o', 'html')
  t.match(page, { code: 1, out: /^<!doctype html>\n/ })
  t.match(page.out, `Before: ${CLUSTER}. After: ${OUTCOMES}.`)
})

t.test('a state can be the current cluster', async t => {
  const api = await serveFolder(t, CLUSTER)
  const config = join(t.testdir({ config: kubeconfig(api.url) }), 'config')
  t.match(await meshGuard('diff', 'live', CLUSTER, '--kubeconfig', config), {
    code: 0,
    out: '0 request paths close, 0 open\n'
  })
  t.match(await meshGuard('diff', CLUSTER, OUTCOMES, '--kubeconfig', config), { code: 1 }, 'ignored without live')
})
