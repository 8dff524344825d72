import { Command } from 'commander'
import { type TraceRequest, trace } from '../engine/trace.ts'
import { toTrace, toTraceText } from '../report/trace.ts'
import { RULES } from '../rules/index.ts'
import { UnreadableCluster } from '../sources/cluster/read.ts'
import { InvalidInput } from '../sources/files.ts'
import { suggest } from '../sources/suggest.ts'
import {
  configOption,
  contextOption,
  EXIT,
  formatOption,
  type Io,
  kubeconfigOption,
  loadConfig,
  namespaceOption,
  type Where
} from './command.ts'
import { againstOption, findPlace, qualify } from './world.ts'

interface TraceOptions extends Where {
  readonly from: string
  readonly to: string
  readonly path?: string
  readonly method: string
  readonly against: string
  readonly format: string
  readonly config?: string
}

/** What could not be followed is no "ok". */
const CODES = { ok: EXIT.ok, cut: EXIT.found, unknown: EXIT.failed } as const

export function traceCommand(io: Io): Command {
  return new Command('trace')
    .description('one call: what the client sends, what the server takes, and who says so')
    .requiredOption('--from <[namespace/]pod>', 'the pod that calls')
    .requiredOption('--to <host:port>', 'the Service that it calls, by any name that it has in the cluster')
    .option('--path <path>', 'of the URL; without it, any')
    .option('--method <method>', 'of the request', 'POST')
    .addOption(againstOption)
    .addOption(kubeconfigOption)
    .addOption(contextOption)
    .addOption(namespaceOption)
    .addOption(formatOption)
    .addOption(configOption)
    .addHelpText(
      'after',
      '\nExample:\n  mesh-guard trace --from user2/sleep-6d6b49d8b8-6ths6 --to httpbin.user1:8000 --against examples/cluster'
    )
    .action(async (options: TraceOptions) => {
      const config = loadConfig(options.config)
      const place = await findPlace(options.against, options)
      const question = toQuestion({ ...options, from: qualify(options.from, place, options.namespace) })
      const { state } = await place.open(config, io)
      const traced = trace(state, question, RULES)
      if (traced.is === 'skipped') throw new UnreadableCluster(`the call cannot be followed: ${traced.skip.reason}`)
      if (traced.is === 'not-found') {
        const { what, value, candidates } = traced.notFound
        throw new InvalidInput([`there is no ${what}${suggest(value, candidates)}`])
      }
      const told = toTrace(state, question, traced.trace)
      io.out(options.format === 'json' ? JSON.stringify(told, undefined, 2) : toTraceText(told))
      io.exit(CODES[told.verdict])
    })
}

/** @throws {InvalidInput} */
function toQuestion({ from, to, path, method }: TraceOptions): TraceRequest {
  const [, host = '', port] = /^(.+):(\d+)$/.exec(to) ?? []
  if (port === undefined) throw new InvalidInput([`--to ${to}: must be HOST:PORT, with the number of the port`])
  return { from, host, port: Number(port), path, method }
}
