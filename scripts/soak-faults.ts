import { sendStatus, toEvent } from '../test/support/api-server.ts'
import { EVENT_FAULTS } from '../test/support/event-faults.ts'
import { type FaultCase, type FaultContext, heal } from '../test/support/fault.ts'
import { LIST_FAULTS } from '../test/support/list-faults.ts'
import { WATCH_FAULTS } from '../test/support/watch-faults.ts'
import { POLICIES } from '../test/support/watch-harness.ts'
import type { Cluster, Way } from './soak-cluster.ts'

/** A fault that is played while the guard runs. */
export interface Fault extends Pick<FaultCase, 'exclusive' | 'heal'> {
  readonly name: string
  readonly play: (stage: FaultContext) => unknown
}

/** Each fault of the suites of the watch, of the connection, and of the API server as a whole. */
export function faultsFor(cluster: Cluster): readonly Fault[] {
  const tables = { list: LIST_FAULTS, watch: WATCH_FAULTS, event: EVENT_FAULTS }
  const rows = Object.entries(tables).flatMap(([table, rows]) =>
    Object.entries(rows).map(([name, row]) => ({ ...row, name: `${table}: ${name}`, play: startOf(row) }))
  )
  return [...rows, ...connectionFaults(cluster), ...serverFaults()]
}

/** Whoever hears this lists anew. */
const LOST = toEvent('ERROR', { code: 410 })

/** A fault that is there at the beginning meets those who must list anew. */
const startOf =
  ({ before, play }: FaultCase): Fault['play'] =>
  async stage => {
    before?.(stage.api)
    if (before !== undefined && stage.api.serves(POLICIES)) stage.api.writeToWatches(POLICIES, LOST)
    await play?.(stage)
  }

function connectionFaults({ door, names }: Cluster): readonly Fault[] {
  let count = 0
  let newest = 'first'
  const next = () => {
    newest = `token-${count++}`
    return newest
  }
  const end = ({ api }: FaultContext) => api.endWatches()
  const late = (way: Way): Fault => ({
    name: `connection: the token is another, and told late, by ${way}`,
    exclusive: true,
    play: stage => {
      door.accept(next())
      end(stage)
    },
    heal: () => door.give(newest, way)
  })
  const early = (way: Way): Fault => ({
    name: `connection: the token is another, and told early, by ${way}`,
    exclusive: true,
    play: () => {
      const old = newest
      door.accept(old, next())
      door.give(newest, way)
    },
    heal: stage => {
      door.accept(newest)
      end(stage)
    }
  })
  return [
    ...(['file', 'plugin', 'kubeconfig'] as const).flatMap(way => [late(way), early(way)]),
    {
      name: 'connection: the plugin fails',
      exclusive: true,
      play: stage => {
        door.give(newest, 'plugin')
        door.silence()
        door.accept(next())
        end(stage)
      },
      heal: () => door.give(newest, 'plugin')
    },
    {
      name: 'connection: the kubeconfig is not there',
      exclusive: true,
      play: stage => {
        door.hide()
        stage.api.resetConnections()
      },
      heal: door.unhide
    },
    {
      name: 'connection: the certificate of the server is of another authority',
      play: door.present,
      heal: door.trust
    },
    {
      name: 'connection: the name of the server is not known',
      play: ({ api }) => {
        names.isDown = true
        api.resetConnections()
      },
      heal: () => {
        names.isDown = false
      }
    }
  ]
}

/** What befalls all that is asked, the keeper's requests as well. */
function serverFaults(): readonly Fault[] {
  const all = (status: number): Fault => ({
    name: `server: ${status} to all`,
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
      name: 'server: silent',
      play: ({ api }) => {
        api.fault = () => true
        api.endWatches()
      },
      heal
    },
    {
      name: 'server: restarted, and its watches know nothing of before',
      exclusive: true,
      play: ({ api }) => api.down(),
      heal: async ({ api }) => {
        api.compact()
        await api.up()
      }
    }
  ]
}
