import t from 'tap'
import type { ServerSide } from '../../../src/istio/server.ts'
import { plaintextPorts } from '../../../src/rules/lib/plaintext-ports.ts'
import type { ResourceOf } from '../../../src/state/resource.ts'
import { policy } from '../../support/objects.ts'
import { resourceOf } from '../../support/snapshot.ts'
import { workload } from '../../support/workload.ts'

const STRICT = resourceOf(policy('user1', '{ mtls: { mode: STRICT } }')) as ResourceOf<'PeerAuthentication'>
const OF_MODEL = { 'serving.kserve.io/inferenceservice': 'iris' }
const sidecar = (labels: Readonly<Record<string, string>>, port: number): ServerSide => ({
  at: 'sidecar',
  workload: workload({ labels }),
  port,
  protocol: 'http',
  mtls: { mode: 'STRICT', by: STRICT },
  servesTls: false
})

t.test('plaintext is accepted only on ports of a model that clients without sidecars call', async t => {
  const PERMISSIVE = { mode: 'PERMISSIVE' }
  for (const [name, server, ports] of [
    ['port of queue-proxy', sidecar(OF_MODEL, 8012), { 8012: PERMISSIVE, 9090: PERMISSIVE }],
    ['port of its metrics', sidecar(OF_MODEL, 9090), { 8012: PERMISSIVE, 9090: PERMISSIVE }],
    ['port of a model in Standard mode', sidecar(OF_MODEL, 8080), { 8080: PERMISSIVE }],
    ['pods of no model', sidecar({ app: 'a' }, 8080), undefined],
    ['gateway', { at: 'gateway', workload: workload({ labels: OF_MODEL }), port: 8080, listener: undefined }, undefined]
  ] as const) {
    const [fix] = plaintextPorts(server, STRICT)
    t.match(fix, ports === undefined ? undefined : { spec: { portLevelMtls: ports } }, name)
    t.equal(fix === undefined, ports === undefined, name)
  }
})
