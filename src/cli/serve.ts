import { Command, Option } from 'commander'
import { LOG_LEVELS } from '../config-schema.ts'
import { configOption, contextOption, kubeconfigOption, ruleOption } from './command.ts'
import { helpText } from './help.ts'
import type { Io } from './io.ts'
import type { ServeOptions } from './run-server.ts'

const logLevelOption = new Option('--log-level <level>', 'log level; takes precedence over the configuration').choices(
  LOG_LEVELS
)

const EXAMPLES = ['mesh-guard serve --config config.yaml', 'mesh-guard serve --manifests examples/cluster']
const OUTCOMES = { ok: 'stopped by SIGTERM or SIGINT', failed: 'internal error, or the cluster cannot be read' }

export function serveCommand(io: Io): Command {
  return new Command('serve')
    .description('Run the admission webhook')
    .option(
      '--manifests <path...>',
      'manifest files or directories to use as the cluster state (default: the current cluster)'
    )
    .addOption(kubeconfigOption)
    .addOption(contextOption)
    .addOption(configOption)
    .addOption(ruleOption)
    .addOption(logLevelOption)
    .addHelpText('after', helpText(EXAMPLES, OUTCOMES))
    .action(async (options: ServeOptions) => {
      // Loaded late, because the other commands start faster without the server.
      const { runServer } = await import('./run-server.ts')
      await runServer(io, options)
    })
}
