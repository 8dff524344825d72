import { Readable } from 'node:stream'
import t from 'tap'
import { toLines, toText } from '../../../src/sources/cluster/line-stream.ts'

const TEXT = '{"a":"ü"}\n\n{"b":"€"}\n{"c":"😀"}'

t.test('lines do not depend on the chunks', async t => {
  const bytes = Buffer.from(TEXT)
  for (let at = 0; at <= bytes.length; at++) {
    const lines: string[] = []
    for await (const line of toLines(Readable.from([bytes.subarray(0, at), bytes.subarray(at)]))) lines.push(line)
    t.same(lines, ['{"a":"ü"}', '{"b":"€"}', '{"c":"😀"}'], `split at ${at}`)
  }
})

t.test('a final line break starts no line', async t => {
  const lines: string[] = []
  for await (const line of toLines(Readable.from([Buffer.from('a\nb\n')]))) lines.push(line)
  t.same(lines, ['a', 'b'])
})

t.test('toText reads the whole stream', async t => {
  const bytes = Buffer.from(TEXT)
  t.equal(await toText(Readable.from([...bytes].map(byte => Buffer.from([byte]))), 1_000), TEXT)
})

t.test('toText stops after the maximum', async t => {
  const endless = Readable.from(
    (function* () {
      for (;;) yield Buffer.from('abc')
    })()
  )
  t.equal(await toText(endless, 4), 'abcabc')
  t.ok(endless.destroyed)
})

t.test('a line longer than the maximum is malformed', async t => {
  const lines = toLines(Readable.from([Buffer.from('{}\n'), Buffer.from('abc'), Buffer.from('def')]), 5)
  t.same(await lines.next(), { value: '{}', done: false })
  await t.rejects(lines.next(), { name: 'WatchError', reason: 'malformed' })
})

t.test('a line in many chunks takes linear time', async t => {
  const [chunk, count] = [Buffer.alloc(16 * 1024, 'a'), 768]
  const before = process.cpuUsage()
  const lines: string[] = []
  for await (const line of toLines(Readable.from(Array.from({ length: count }, () => chunk)))) lines.push(line)
  t.same(
    lines.map(({ length }) => length),
    [count * chunk.length]
  )
  t.ok(process.cpuUsage(before).user < 1_500_000)
})
