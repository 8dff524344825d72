import type { MessagePort } from 'node:worker_threads'
import type { WrittenPolicy } from '../engine/to-findings.ts'
import type { Kubeconfig } from '../sources/cluster/kubeconfig.ts'
import { connect } from '../sources/cluster/transport.ts'
import { watchCluster } from '../sources/cluster/watch.ts'
import type { StateSource } from '../sources/source.ts'
import { staticSource } from '../sources/static-source.ts'
import type { Resource } from '../state/resource.ts'
import { type Settings, Snapshot } from '../state/snapshot.ts'
import { attend } from './attend.ts'
import type { FromEvaluation } from './messages.ts'

/** Where the state comes from, as plain data. */
export type Origin =
  | { readonly from: 'files'; readonly resources: readonly Resource[] }
  | { readonly from: 'cluster'; readonly kubeconfig: Kubeconfig }

/** What a worker is started with. */
export interface WorkerData {
  readonly origin: Origin
  readonly settings: Settings
  readonly policy: WrittenPolicy
  readonly ownNamespace: string | undefined
}

/**
 * Opens the state, and evaluates what comes in by the port.
 *
 * @throws {InvalidInput} when the cluster cannot be connected to
 */
export async function runWorker(port: MessagePort, data: WorkerData): Promise<void> {
  const { origin, settings, policy, ownNamespace } = data
  const source = origin.from === 'files' ? ofFiles(origin.resources, settings) : await ofCluster(port, origin, settings)
  attend(port, { source, policy, ownNamespace })
}

const ofFiles = (resources: readonly Resource[], settings: Settings) => staticSource(Snapshot.of(resources, settings))

async function ofCluster(
  port: MessagePort,
  { kubeconfig }: Origin & { readonly from: 'cluster' },
  settings: Settings
): Promise<StateSource> {
  const log = (level: 'info' | 'warn', message: string, fields: Readonly<Record<string, string>>) =>
    port.postMessage({ from: 'log', level, message, fields } satisfies FromEvaluation)
  return watchCluster(await connect(kubeconfig), {
    settings,
    onParseError: message => log('warn', 'object skipped: cannot parse', { message }),
    onHealthChange: (kind, health, why) => log('info', 'cache state changed', { kind, health, why })
  })
}
