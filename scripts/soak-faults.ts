import { sendStatus, toEvent } from '../test/support/api-server.ts'
import { EVENT_FAULTS } from '../test/support/event-faults.ts'
import { type FaultCase, type FaultContext, heal } from '../test/support/fault.ts'
import { LIST_FAULTS } from '../test/support/list-faults.ts'
import { WATCH_FAULTS } from '../test/support/watch-faults.ts'
import { POLICIES } from '../test/support/watch-harness.ts'
import type { Cluster, CredentialSource } from './soak-cluster.ts'

/** A fault that is injected while the guard runs. */
export interface Fault extends Pick<FaultCase, 'exclusive' | 'heal'> {
  readonly name: string
  readonly play: (stage: FaultContext) => unknown
}

/** Faults of the watch tests, of the connection, and of the whole API server. */
export function faultsFor(cluster: Cluster): readonly Fault[] {
  const tables = { list: LIST_FAULTS, watch: WATCH_FAULTS, event: EVENT_FAULTS }
  const rows = Object.entries(tables).flatMap(([table, rows]) =>
    Object.entries(rows).map(([name, row]) => ({ ...row, name: `${table}: ${name}`, play: startOf(row) }))
  )
  return [...rows, ...connectionFaults(cluster), ...serverFaults()]
}

/** Makes the reflector relist. */
const GONE = toEvent('ERROR', { code: 410 })

/** Initial faults take effect on a relist. */
const startOf =
  ({ before, play }: FaultCase): Fault['play'] =>
  async stage => {
    before?.(stage.api)
    if (before !== undefined && stage.api.serves(POLICIES)) stage.api.writeToWatches(POLICIES, GONE)
    await play?.(stage)
  }

function connectionFaults({ access, nameServer }: Cluster): readonly Fault[] {
  let count = 0
  let token = 'first'
  const next = () => {
    token = `token-${count++}`
    return token
  }
  const end = ({ api }: FaultContext) => api.endWatches()
  const changedLate = (source: CredentialSource): Fault => ({
    name: `connection: token replaced after revocation, source ${source}`,
    exclusive: true,
    play: stage => {
      access.acceptTokens(next())
      end(stage)
    },
    heal: () => access.setToken(token, source)
  })
  const changedEarly = (source: CredentialSource): Fault => ({
    name: `connection: token replaced before revocation, source ${source}`,
    exclusive: true,
    play: () => {
      const old = token
      access.acceptTokens(old, next())
      access.setToken(token, source)
    },
    heal: stage => {
      access.acceptTokens(token)
      end(stage)
    }
  })
  return [
    ...(['file', 'plugin', 'kubeconfig'] as const).flatMap(source => [changedLate(source), changedEarly(source)]),
    {
      name: 'connection: exec plugin fails',
      exclusive: true,
      play: stage => {
        access.setToken(token, 'plugin')
        access.breakPlugin()
        access.acceptTokens(next())
        end(stage)
      },
      heal: () => access.setToken(token, 'plugin')
    },
    {
      name: 'connection: kubeconfig missing',
      exclusive: true,
      play: stage => {
        access.hideKubeconfig()
        stage.api.resetConnections()
      },
      heal: access.restoreKubeconfig
    },
    {
      name: 'connection: server certificate of an unknown CA',
      play: access.present,
      heal: access.trustServerCa
    },
    {
      name: 'connection: server name not resolvable',
      play: ({ api }) => {
        nameServer.isDown = true
        api.resetConnections()
      },
      heal: () => {
        nameServer.isDown = false
      }
    }
  ]
}

/** Faults of all requests, including those of the controller. */
function serverFaults(): readonly Fault[] {
  const all = (status: number): Fault => ({
    name: `server: ${status} for all requests`,
    play: ({ api }) => {
      api.fault = (_request, response) => {
        sendStatus(response, status)
        return true
      }
      api.endWatches()
    },
    heal
  })
  return [
    ...[403, 429, 500, 503].map(all),
    {
      name: 'server: no response',
      play: ({ api }) => {
        api.fault = () => true
        api.endWatches()
      },
      heal
    },
    {
      name: 'server: restart with compacted history',
      exclusive: true,
      play: ({ api }) => api.down(),
      heal: async ({ api }) => {
        api.compact()
        await api.up()
      }
    }
  ]
}
