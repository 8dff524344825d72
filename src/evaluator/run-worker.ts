import type { MessagePort } from 'node:worker_threads'
import type { WrittenPolicy } from '../engine/to-findings.ts'
import type { Kubeconfig } from '../sources/cluster/kubeconfig.ts'
import { connect } from '../sources/cluster/transport.ts'
import { watchCluster } from '../sources/cluster/watch.ts'
import type { StateSource } from '../sources/source.ts'
import { staticSource } from '../sources/static-source.ts'
import type { Resource } from '../state/resource.ts'
import type { Settings } from '../state/settings.ts'
import { Snapshot } from '../state/snapshot.ts'
import { handleMessages } from './message-handler.ts'
import type { FromEvaluation } from './messages.ts'

/** Describes the source of the state as plain data. */
export type StateOrigin =
  | { readonly from: 'files'; readonly resources: readonly Resource[] }
  | { readonly from: 'cluster'; readonly kubeconfig: Kubeconfig }

/** Start parameters of the evaluation thread. */
export interface WorkerData {
  readonly origin: StateOrigin
  readonly settings: Settings
  readonly policy: WrittenPolicy
  readonly ownNamespace: string | undefined
}

/**
 * Opens the source of the state and handles the messages of the port.
 *
 * @throws {InvalidInput} if no cluster is configured
 */
export async function runWorker(port: MessagePort, data: WorkerData): Promise<void> {
  const { origin, settings, policy, ownNamespace } = data
  const source =
    origin.from === 'files'
      ? staticSource(Snapshot.of(origin.resources, settings))
      : await openCluster(port, origin.kubeconfig, settings)
  handleMessages(port, { source, policy, ownNamespace })
}

async function openCluster(port: MessagePort, kubeconfig: Kubeconfig, settings: Settings): Promise<StateSource> {
  const log = (level: 'info' | 'warn', message: string, fields: Readonly<Record<string, string>>) =>
    port.postMessage({ from: 'log', level, message, fields } satisfies FromEvaluation)
  return watchCluster(await connect(kubeconfig), {
    settings,
    onParseError: message => log('warn', 'object skipped: cannot parse', { message }),
    onHealthChange: (kind, health, why) => log('info', 'cache state changed', { kind, health, why })
  })
}
