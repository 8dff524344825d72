import { Command, Option } from 'commander'
import { type TraceRequest, trace } from '../engine/trace.ts'
import { toTrace, toTraceText } from '../report/trace.ts'
import { RULES } from '../rules/index.ts'
import { UnreadableCluster } from '../sources/cluster/read-once.ts'
import { InvalidInput } from '../sources/files.ts'
import { suggest } from '../sources/suggest.ts'
import { againstOption, qualifiedName, resolveSource } from './cluster-state.ts'
import {
  type ClusterFlags,
  configOption,
  contextOption,
  EXIT,
  kubeconfigOption,
  loadConfig,
  namespaceOption
} from './command.ts'
import { helpText } from './help.ts'
import type { Io } from './io.ts'
import { colorOption, type OutputOptions, outputOption, print, showFixOption } from './output.ts'

interface TraceOptions extends ClusterFlags, OutputOptions {
  readonly from: string
  readonly to: string
  readonly method: string
  readonly against: string
  readonly config?: string
  readonly failOn: 'blocked' | 'never'
}

/** A request that could not be evaluated is not a success. */
const CODES = { ok: EXIT.ok, blocked: EXIT.found, unknown: EXIT.failed } as const

const EXAMPLES = [
  'mesh-guard trace --from user2/sleep-1 --to sklearn-iris.user1:80/v1/models/sklearn-iris:predict',
  'mesh-guard trace --from user2/sleep-6d6b49d8b8-6ths6 --to httpbin.user1:8000 --against examples/cluster'
]
const OUTCOMES = {
  ok: 'the request reaches the application',
  found: 'the request is blocked',
  failed: 'internal error, the cluster cannot be read, or the outcome is unknown'
}

export function traceCommand(io: Io): Command {
  return new Command('trace')
    .description(
      'Follow one request hop by hop: route, TLS sent and accepted, authorization, and the object that configures it'
    )
    .requiredOption('--from <[namespace/]pod>', 'client pod')
    .requiredOption('--to <host:port[/path]>', 'DNS name of the Service, port, and URL path (default: any) to call')
    .option('--method <method>', 'HTTP method', 'POST')
    .addOption(againstOption)
    .addOption(kubeconfigOption)
    .addOption(contextOption)
    .addOption(namespaceOption)
    .addOption(outputOption)
    .addOption(showFixOption)
    .addOption(colorOption)
    .addOption(configOption)
    .addOption(
      new Option('--fail-on <level>', 'exit with 1 if the request is blocked')
        .choices(['blocked', 'never'])
        .default('blocked')
    )
    .addHelpText('after', helpText(EXAMPLES, OUTCOMES))
    .action(async (options: TraceOptions) => {
      const config = loadConfig(options.config)
      const source = await resolveSource(options.against, options)
      const request = toRequest({ ...options, from: qualifiedName(options.from, source, options.namespace) })
      const { state } = await source.open(config, io)
      const traced = trace(state, request, RULES)
      if (traced.is === 'skipped') throw new UnreadableCluster(`the request cannot be evaluated: ${traced.skip.reason}`)
      if (traced.is === 'not-found') {
        const { what, value, candidates } = traced.notFound
        throw new InvalidInput([`${what}: not found${suggest(value, candidates)}`])
      }
      const view = toTrace(state, request, traced.trace)
      print(io, options, view, toTraceText)
      io.exit(view.verdict === 'blocked' && options.failOn === 'never' ? EXIT.ok : CODES[view.verdict])
    })
}

/** @throws {InvalidInput} */
function toRequest({ from, to, method }: TraceOptions): TraceRequest {
  const [, host = '', port, path] = /^([^:/]+):(\d+)(\/.*)?$/.exec(to) ?? []
  if (port === undefined) throw new InvalidInput([`--to ${to}: no port number; use HOST:PORT[/PATH]`])
  return { from, host, port: Number(port), path, method }
}
