import t from 'tap'
import { blockIndex } from '../../src/text/cidr.ts'

const BLOCKS = [
  '10.0.0.0/33',
  '10.0.0.0/8',
  '10.1.0.0/16',
  '0.0.0.0/0',
  '10.1.2.3/32',
  'fd00::/8',
  '10.0.0.0/8 ',
  'nonsense',
  '10.0.0.0/12'
]

t.test('an address is in the blocks whose first bits it has', async t => {
  const containing = blockIndex(BLOCKS)
  for (const [address, expected] of [
    ['10.1.2.3', ['10.0.0.0/8', '10.1.0.0/16', '0.0.0.0/0', '10.1.2.3/32', '10.0.0.0/12']],
    ['10.16.0.1', ['10.0.0.0/8', '0.0.0.0/0']],
    ['192.0.2.1', ['0.0.0.0/0']],
    ['fd12::1', ['fd00::/8']],
    ['10.0.0.256', []],
    ['nonsense', []]
  ] as const) {
    t.same([...containing(address)].sort(), [...expected].sort(), address)
  }
})

t.test('each of several equal blocks is listed', async t => {
  t.same(blockIndex(['10.0.0.0/8', '10.9.0.0/8'])('10.1.1.1'), ['10.0.0.0/8', '10.9.0.0/8'])
})
