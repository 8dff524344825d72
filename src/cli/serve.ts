import { Command } from 'commander'
import { type Logger, pino } from 'pino'
import { type Config, OWN_NAMESPACE } from '../config.ts'
import { loadCertificate } from '../keeper/development.ts'
import { Snapshot } from '../model/snapshot.ts'
import { type Running, serve } from '../server/serve.ts'
import { connect } from '../sources/cluster/transport.ts'
import { watchCluster } from '../sources/cluster/watch.ts'
import { countIgnored, readFiles } from '../sources/files.ts'
import type { StateSource } from '../sources/source.ts'
import { staticSource } from '../sources/static.ts'
import { configOption, contextOption, type Io, kubeconfigOption, loadConfig, ruleOption } from './command.ts'

interface ServeOptions {
  readonly config?: string
  readonly rule?: readonly string[]
  readonly manifests?: readonly string[]
  readonly kubeconfig?: string
  readonly context?: string
}

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
    .addHelpText('after', '\nExample:\n  mesh-guard serve --manifests examples/cluster')
    .action(async (options: ServeOptions) => {
      const config = loadConfig(options.config, options.rule)
      const logger = pino({ level: config.log.level }, pino.destination({ dest: 2, sync: true }))
      const keyPair = await loadCertificate(config.server.certificates, NAMES)
      const source = await openSource(options, config, logger)
      const running = await serve({ config, source, keyPair, ownNamespace: OWN_NAMESPACE, logger })
      io.out(greeting(running, config, options.manifests))
      process.once('SIGTERM', () => void running.stop(config.server.drainSeconds * 1000))
      process.once('SIGINT', () => void running.stop(0))
    })
}

async function openSource(options: ServeOptions, { mesh }: Config, logger: Logger): Promise<StateSource> {
  const { manifests, kubeconfig, context } = options
  if (manifests !== undefined) {
    const read = readFiles(manifests)
    const ignored = countIgnored(read)
    if (ignored !== undefined) logger.info(ignored)
    const resources = read.flatMap(({ resource }) => (resource === undefined ? [] : [resource]))
    return staticSource(Snapshot.of(resources, mesh))
  }
  const transport = await connect({ file: kubeconfig, context })
  return watchCluster(transport, {
    settings: mesh,
    onFault: message => logger.warn({ message }, 'object not read'),
    onHealth: (kind, health, why) => logger.info({ kind, health, why }, 'state')
  })
}

/** Where it listens, and what to try. */
function greeting({ webhook, health }: Running, { server }: Config, manifests: readonly string[] | undefined): string {
  const lines = [`webhook  ${webhook}/validate and ${webhook}/mutate`, `health   ${health}/readyz?verbose`]
  if (manifests === undefined) return lines.join('\n')
  const url = webhook.replace(LOOPBACK, 'localhost')
  return [
    ...lines,
    'Try:',
    `  curl --cacert ${server.certificates}/ca.crt -H 'Content-Type: application/json' -d @${EXAMPLES}/review.json ${url}/validate`,
    `  npx mesh-guard check ${EXAMPLES}/strict-mesh.yaml --against ${manifests.join(' ')}`
  ].join('\n')
}

const EXAMPLES = 'examples'
