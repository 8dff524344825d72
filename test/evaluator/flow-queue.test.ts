import t from 'tap'
import { FlowQueue } from '../../src/evaluator/flow-queue.ts'

t.test('flows take turns, and each flow is FIFO', async t => {
  const queue = new FlowQueue<string>()
  t.equal(queue.next(), undefined)
  for (const item of ['a1', 'a2', 'a3', 'b1', 'b2']) queue.add(item.charAt(0), item)
  t.same([queue.next(), queue.next()], ['a1', 'b1'])
  queue.add('c', 'c1')
  queue.add('a', 'a4')
  t.same(
    Array.from({ length: 6 }, () => queue.next()),
    ['a2', 'b2', 'c1', 'a3', 'a4', undefined]
  )
})
