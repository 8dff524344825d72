import { type Logger, pino } from 'pino'
import { parseConfig, readConfigText } from '../config.ts'
import type { Config } from '../config-schema.ts'
import { loadCertificate } from '../controller/dev-certificate.ts'
import { type Controller, startController } from '../controller/manager.ts'
import { OWN_NAMESPACE } from '../environment.ts'
import { Dispatcher } from '../evaluator/dispatcher.ts'
import type { StateOrigin } from '../evaluator/run-worker.ts'
import { startInWorker } from '../evaluator/worker-thread.ts'
import { type ReloadableConfig, watchConfig } from '../server/config-reload.ts'
import { type RunningServer, serve } from '../server/serve.ts'
import { connect, type WritingTransport } from '../sources/cluster/transport.ts'
import { describeSkipped, InvalidInput, readFiles } from '../sources/files.ts'
import { memoize } from '../state/memoize.ts'
import { toKubeconfig } from './cluster-state.ts'
import { type ClusterFlags, withModes } from './command.ts'
import type { Io } from './io.ts'

export interface ServeOptions extends Omit<ClusterFlags, 'namespace'> {
  readonly config?: string
  readonly rule?: readonly string[]
  readonly logLevel?: Config['log']['level']
  readonly manifests?: readonly string[]
}

const LOOPBACK = '127.0.0.1'
/** Names in the development certificate. */
const CERTIFICATE_NAMES = ['localhost', LOOPBACK]

/**
 * Starts the webhook, and the controller if it is enabled. They run until a signal stops them.
 *
 * @throws {InvalidInput}
 */
export async function runServer(io: Io, options: ServeOptions): Promise<void> {
  const logger = pino(pino.destination({ dest: 2, sync: true }))
  const configuration = watchConfigFile(options, logger)
  const config = configuration.current()
  const { manifests } = options
  const { origin, controller } =
    manifests === undefined
      ? await openCluster(options, config, logger)
      : { origin: readState(manifests, logger), controller: undefined }
  const keyPair = controller?.keyPair() ?? (await loadCertificate(config.server.certDir, CERTIFICATE_NAMES))
  const evaluator = new Dispatcher({
    start: startInWorker(io.workerEntry(), { origin, settings: config.mesh, ownNamespace: OWN_NAMESPACE }),
    policy: writtenPolicy(configuration.current),
    log: logger
  })
  await evaluator.ready
  const running = await serve({
    config,
    configuration,
    evaluator,
    keyPair,
    ownNamespace: OWN_NAMESPACE,
    controllerStatus: controller?.status,
    logger
  })
  const { health, version, audit } = evaluator
  controller?.startReconciling(running.reload, { health, version, audit, reports: config.audit.reports })
  io.out(startupBanner(running, config, manifests))
  const stop = (drainMs: number) => void running.stop(drainMs, controller?.beforeShutdown)
  process.once('SIGTERM', () => stop(config.server.shutdownDelaySeconds * 1000))
  process.once('SIGINT', () => stop(0))
}

/** The kubelet updates a mounted ConfigMap about once a minute. */
const RELOAD_INTERVAL_MS = 2_000

/**
 * The configuration with the flags applied; the flags are applied again after each reload.
 *
 * @throws {InvalidInput}
 */
function watchConfigFile({ config: file, rule, logLevel }: ServeOptions, logger: Logger): ReloadableConfig {
  const parse = (text: string): Config => {
    const config = withModes(parseConfig(text, file), rule)
    return logLevel === undefined ? config : { ...config, log: { level: logLevel } }
  }
  const configuration = watchConfig({ read: () => readConfigText(file), parse }, logger)
  // Standard input can be read only once.
  if (file !== undefined && file !== '-') setInterval(configuration.refresh, RELOAD_INTERVAL_MS).unref()
  return configuration
}

/** @throws {InvalidInput} if the controller is enabled and the namespace of the guard is unknown */
async function startControllerIfEnabled(
  transport: WritingTransport,
  { controller, mesh, server }: Config,
  log: Logger
): Promise<Controller | undefined> {
  const { enabled, certificates, service } = controller
  if (!enabled) return undefined
  const folder = certificates === 'mounted' ? server.certDir : undefined
  if (OWN_NAMESPACE === undefined)
    throw new InvalidInput(['controller.enabled: POD_NAMESPACE is not set; set it to the namespace of the guard'])
  return startController({ transport, namespace: OWN_NAMESPACE, settings: mesh, service, folder, log })
}

/** The part of the configuration that evaluation reads; the same object until the configuration changes. */
const writtenPolicy = (current: () => Config) => {
  const select = memoize(({ rules, defaultMode, namespaces, unevaluated, exceptions }: Config) => ({
    rules,
    defaultMode,
    namespaces,
    unevaluated,
    exceptions
  }))
  return () => select(current())
}

interface Opened {
  readonly origin: StateOrigin
  readonly controller: Controller | undefined
}

/** @throws {InvalidInput} if no cluster is configured: the evaluation thread would retry forever */
async function openCluster(options: ServeOptions, config: Config, logger: Logger): Promise<Opened> {
  const kubeconfig = toKubeconfig(options, '--manifests')
  const controller = await startControllerIfEnabled(await connect(kubeconfig), config, logger)
  return { origin: { from: 'cluster', kubeconfig }, controller }
}

function readState(manifests: readonly string[], logger: Logger): StateOrigin {
  const read = readFiles(manifests)
  const skipped = describeSkipped(read)
  if (skipped !== undefined) logger.info(skipped)
  return { from: 'files', resources: read.flatMap(({ resource }) => resource ?? []) }
}

/** Listen addresses, and with --manifests two example commands. */
function startupBanner(
  { webhook, health }: RunningServer,
  { server }: Config,
  manifests: readonly string[] | undefined
): string {
  const lines = [`webhook  ${webhook}/validate and ${webhook}/mutate`, `health   ${health}/readyz?verbose`]
  if (manifests === undefined) return lines.join('\n')
  const url = webhook.replace(LOOPBACK, 'localhost')
  return [
    ...lines,
    'Try:',
    `  curl --cacert ${server.certDir}/ca.crt -H 'Content-Type: application/json' -d @${FOLDER}/review.json ${url}/validate`,
    `  npx mesh-guard check ${FOLDER}/strict-mesh.yaml --against ${manifests.join(' ')}`
  ].join('\n')
}

const FOLDER = 'examples'
