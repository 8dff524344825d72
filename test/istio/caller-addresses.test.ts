import fc from 'fast-check'
import t from 'tap'
import { authorize } from '../../src/istio/authorization.ts'
import { callerAddresses } from '../../src/istio/caller-addresses.ts'
import { authorization, together } from '../support/objects.ts'
import { property } from '../support/property.ts'
import { stateOf } from '../support/snapshot.ts'
import { request, workload } from '../support/workload.ts'

const pod = (namespace: string, name: string, address: string, more = '') => `
apiVersion: v1
kind: Pod
metadata: { namespace: ${namespace}, name: ${name} }
spec: { containers: [] }
status: { ${address === '' ? '' : `podIP: "${address}"`} ${more} }
`
const source = (fields: string) => authorization('user1', `{ rules: [{ from: [{ source: { ${fields} } }] }] }`)
const addresses = (...objects: readonly string[]) => callerAddresses(stateOf(together(...objects)), workload())

t.test('addresses represent callers inside and outside of the blocks of policies', async t => {
  const when = (key: string) =>
    authorization('user1', `{ rules: [{ when: [{ key: ${key}, notValues: [10.0.0.0/8] }] }] }`)
  for (const [name, objects, expected] of [
    ['no policy', [], [undefined]],
    ['policy without addresses', [source('namespaces: [a]')], [undefined]],
    ['rules without fields', [authorization('user1', '{ rules: [null, {}, { from: [{}] }] }')], [undefined]],
    ['block', [source('ipBlocks: [10.0.0.0/8]')], ['0.0.0.0', '10.0.0.0']],
    ['block whose address is not its first', [source('ipBlocks: [10.1.2.3/8]')], ['0.0.0.0', '10.0.0.0']],
    ['address', [source('notIpBlocks: [10.0.0.5]')], ['0.0.0.0', '10.0.0.5']],
    ['condition', [when('source.ip')], ['0.0.0.0', '10.0.0.0']],
    ['condition on another address', [when('remote.ip')], [undefined]],
    ['equal blocks', [source('ipBlocks: [10.0.0.0/8], notIpBlocks: [10.0.0.0/8]')], ['0.0.0.0', '10.0.0.0']],
    ['blocks of one list', [source('ipBlocks: [10.0.0.0/8, 10.1.0.0/16, 11.0.0.0/8]')], ['0.0.0.0', '10.0.0.0']],
    [
      'block in a block of another list',
      [source('ipBlocks: [10.0.0.0/8], notIpBlocks: [10.1.0.0/16]')],
      ['0.0.0.0', '10.0.0.0', '10.1.0.0']
    ],
    ['all addresses', [source('ipBlocks: [0.0.0.0/0]')], ['0.0.0.0']],
    ['last addresses', [source('ipBlocks: [255.0.0.0/8]')], ['0.0.0.0', '255.0.0.0']],
    ['block of another family', [source('ipBlocks: ["fd00::/8"]')], ['0.0.0.0']],
    ['invalid block', [source('ipBlocks: [x]')], ['0.0.0.0']]
  ] as const) {
    t.same(addresses(...objects), expected, name)
  }
})

t.test('callers have no address of the pods of Istio and Knative', async t => {
  const block = (text: string) => source(`ipBlocks: ["${text}"]`)
  const activator = pod('knative-serving', 'activator', '10.0.0.5')
  t.same(addresses(block('10.0.0.5'), activator), ['0.0.0.0'])
  t.same(addresses(block('10.0.0.4/31'), activator), ['0.0.0.0', '10.0.0.4'])
  t.same(addresses(block('10.0.0.5'), pod('istio-system', 'a', '10.0.0.5')), ['0.0.0.0'])
  t.same(addresses(block('10.0.0.5'), pod('user2', 'a', '10.0.0.5')), ['0.0.0.0', '10.0.0.5'], 'pod of a caller')
  t.same(addresses(block('10.0.0.5'), pod('istio-system', 'a', '10.0.0.5', ', phase: Failed')), ['0.0.0.0', '10.0.0.5'])
  t.same(addresses(block('10.0.0.5'), pod('istio-system', 'a', '')), ['0.0.0.0', '10.0.0.5'], 'pod without address')
  t.same(addresses(block('fd00::/8'), pod('istio-system', 'a', 'fd00::1')), ['::', 'fd00::'], 'cluster with IPv6')
  t.same(addresses(block('fd00::/8'), activator, pod('istio-system', 'a', 'fd00::1')), ['0.0.0.0', '::', 'fd00::'])
})

t.test('an address is unknown if policies have too many lists of blocks', async t => {
  const lists = Array.from(
    { length: 257 },
    (_, i) => `{ from: [{ source: { ipBlocks: [10.0.${i % 256}.${i >> 8}] } }] }`
  )
  t.same(addresses(authorization('user1', `{ rules: [${lists}] }`)), [undefined])
})

const block = fc
  .tuple(fc.constantFrom('10.0.0.0', '10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4'), fc.integer({ min: 28, max: 32 }))
  .map(([address, bits]) => `${address}/${bits}`)
const some = fc.array(block, { maxLength: 3 })
const rules = fc.array(fc.record({ ipBlocks: some, notIpBlocks: some }), { minLength: 1, maxLength: 3 })

property(t, 'an address is allowed only if one of the representatives is', rules, 200, sources => {
  const from = sources.map(source => ({ source }))
  const allow = authorization('user1', JSON.stringify({ rules: [{ from: from.slice(0, 1) }] }))
  const deny = authorization('user1', JSON.stringify({ action: 'DENY', rules: [{ from: from.slice(1) }] }))
  const state = stateOf(together(allow, deny.replace('name: rules', 'name: deny')))
  const isAllowed = (address: string | undefined) =>
    authorize(state, workload(), request({ from: address })).is === 'allowed'
  const all = Array.from({ length: 20 }, (_, i) => `10.0.0.${i}`)
  const represented = callerAddresses(state, workload()).some(isAllowed)
  if (represented !== [...all, '1.1.1.1'].some(isAllowed)) throw new Error('not represented')
})
