import { Command, Option } from 'commander'
import { type Logger, pino } from 'pino'
import { type Config, LOG_LEVELS, parseConfig, readConfigText } from '../config.ts'
import { OWN_NAMESPACE } from '../environment.ts'
import { Dispatcher } from '../evaluator/dispatcher.ts'
import type { Origin } from '../evaluator/run-worker.ts'
import { inWorker } from '../evaluator/worker-thread.ts'
import { loadCertificate } from '../keeper/development.ts'
import { type Keeper, openKeeper } from '../keeper/keeper.ts'
import { memoize } from '../model/memoize.ts'
import { type Configuration, openConfiguration } from '../server/configuration.ts'
import { type Running, serve } from '../server/serve.ts'
import { connect, type WritingTransport } from '../sources/cluster/transport.ts'
import { countIgnored, InvalidInput, readFiles } from '../sources/files.ts'
import { configOption, contextOption, type Io, kubeconfigOption, ruleOption, type Where, withModes } from './command.ts'
import { toKubeconfig } from './world.ts'

interface ServeOptions extends Omit<Where, 'namespace'> {
  readonly config?: string
  readonly rule?: readonly string[]
  readonly logLevel?: Config['log']['level']
  readonly manifests?: readonly string[]
}

const logLevelOption = new Option('--log-level <level>', 'what to log, whatever the configuration says').choices(
  LOG_LEVELS
)

const LOOPBACK = '127.0.0.1'
/** The names of the development certificate. */
const NAMES = ['localhost', LOOPBACK]

export function serveCommand(io: Io): Command {
  return new Command('serve')
    .description('the admission webhook')
    .option('--manifests <path...>', 'the state is that of these files; without it, that of the cluster')
    .addOption(kubeconfigOption)
    .addOption(contextOption)
    .addOption(configOption)
    .addOption(ruleOption)
    .addOption(logLevelOption)
    .addHelpText('after', '\nExample:\n  mesh-guard serve --manifests examples/cluster')
    .action(async (options: ServeOptions) => {
      const logger = pino(pino.destination({ dest: 2, sync: true }))
      const configuration = followConfiguration(options, logger)
      const config = configuration.current()
      const { manifests } = options
      const { origin, keeper } =
        manifests === undefined
          ? await openCluster(options, config, logger)
          : { origin: readState(manifests, logger), keeper: undefined }
      const keyPair = keeper?.keyPair() ?? (await loadCertificate(config.server.certDir, NAMES))
      const evaluator = new Dispatcher({
        start: inWorker(io.worker, { origin, settings: config.mesh, ownNamespace: OWN_NAMESPACE }),
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
        upkeep: keeper?.status,
        logger
      })
      const { health, version, audit } = evaluator
      keeper?.start(running.reload, { health, version, audit, reports: config.audit.reports })
      io.out(greeting(running, config, manifests))
      const stop = (drainMs: number) => void running.stop(drainMs, keeper?.leave)
      process.once('SIGTERM', () => stop(config.server.shutdownDelaySeconds * 1000))
      process.once('SIGINT', () => stop(0))
    })
}

/** A change of a ConfigMap takes the kubelet a minute anyway. */
const REFRESH_MS = 2_000

/**
 * The configuration, with what the command line says put on top, also of what it becomes later.
 *
 * @throws {InvalidInput}
 */
function followConfiguration({ config: file, rule, logLevel }: ServeOptions, logger: Logger): Configuration {
  const parse = (text: string): Config => {
    const config = withModes(parseConfig(text, file), rule)
    return logLevel === undefined ? config : { ...config, log: { level: logLevel } }
  }
  const configuration = openConfiguration({ read: () => readConfigText(file), parse }, logger)
  // Standard input can be read but once.
  if (file !== undefined && file !== '-') setInterval(configuration.refresh, REFRESH_MS).unref()
  return configuration
}

/** @throws {InvalidInput} when what is to be kept cannot be: that would go unnoticed until it is missed */
async function findKeeper(
  transport: WritingTransport,
  { controller, mesh, server }: Config,
  log: Logger
): Promise<Keeper | undefined> {
  const { enabled, certificates, service } = controller
  if (!enabled) return undefined
  const folder = certificates === 'mounted' ? server.certDir : undefined
  if (OWN_NAMESPACE === undefined) throw new InvalidInput(['controller.enabled needs POD_NAMESPACE in the environment'])
  return openKeeper({ transport, namespace: OWN_NAMESPACE, settings: mesh, service, folder, log })
}

/** What counts of the configuration in an evaluation; the same object as long as the configuration is the same. */
const writtenPolicy = (current: () => Config) => {
  const select = memoize(({ rules, namespaces, unevaluated, exceptions }: Config) => ({
    rules,
    namespaces,
    unevaluated,
    exceptions
  }))
  return () => select(current())
}

interface Opened {
  readonly origin: Origin
  readonly keeper: Keeper | undefined
}

/** @throws {InvalidInput} when the cluster cannot be connected to: the evaluation thread would only try again */
async function openCluster(options: ServeOptions, config: Config, logger: Logger): Promise<Opened> {
  const kubeconfig = toKubeconfig(options)
  const keeper = await findKeeper(await connect(kubeconfig), config, logger)
  return { origin: { from: 'cluster', kubeconfig }, keeper }
}

function readState(manifests: readonly string[], logger: Logger): Origin {
  const read = readFiles(manifests)
  const ignored = countIgnored(read)
  if (ignored !== undefined) logger.info(ignored)
  return { from: 'files', resources: read.flatMap(({ resource }) => resource ?? []) }
}

/** Where it listens, and what to try. */
function greeting({ webhook, health }: Running, { server }: Config, manifests: readonly string[] | undefined): string {
  const lines = [`webhook  ${webhook}/validate and ${webhook}/mutate`, `health   ${health}/readyz?verbose`]
  if (manifests === undefined) return lines.join('\n')
  const url = webhook.replace(LOOPBACK, 'localhost')
  return [
    ...lines,
    'Try:',
    `  curl --cacert ${server.certDir}/ca.crt -H 'Content-Type: application/json' -d @${EXAMPLES}/review.json ${url}/validate`,
    `  npx mesh-guard check ${EXAMPLES}/strict-mesh.yaml --against ${manifests.join(' ')}`
  ].join('\n')
}

const EXAMPLES = 'examples'
