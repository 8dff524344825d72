import t from 'tap'
import { findKind, KINDS } from '../../src/state/resource.ts'
import { HOSTILE_INPUTS, toJson } from '../support/hostile-inputs.ts'
import { LIMIT_MS, measure } from '../support/hostile-play.ts'

/** Maximum object size in etcd. */
const MAX_BYTES = 1_572_864
/** Maximum total size of annotations. */
const MAX_ANNOTATIONS = 262_144

t.test('measure counts CPU time and not waiting', async t => {
  const busy = await measure(async () => {
    const started = process.cpuUsage().user
    while (process.cpuUsage().user - started < (LIMIT_MS + 50) * 1_000) JSON.stringify(started)
  })
  t.ok(busy.ms > LIMIT_MS)
  const idle = await measure(() => new Promise(resolve => setTimeout(resolve, 300)))
  t.ok(idle.ms < 300)
})

t.test('hostile inputs are unique, cover every kind and respect the limits', async t => {
  const names = HOSTILE_INPUTS.map(({ name }) => name)
  t.equal(new Set(names).size, names.length, 'names are unique')
  const inputs = HOSTILE_INPUTS.map(row => ({ ...row, json: toJson(row) }))
  const kinds = new Set(
    inputs.map(({ json }) => {
      const { apiVersion, kind } = JSON.parse(json)
      return findKind(apiVersion, kind)
    })
  )
  t.same([...kinds].sort(), Object.keys(KINDS).sort(), 'every kind that is read')
  for (const { name, admitted, json } of inputs.filter(({ admitted }) => admitted)) {
    const { annotations } = JSON.parse(json).metadata
    const texts = Object.entries(annotations ?? {})
      .flat()
      .join('')
    t.ok(Buffer.byteLength(json) < MAX_BYTES && Buffer.byteLength(texts) < MAX_ANNOTATIONS, name)
    t.equal(admitted, true)
  }
})
