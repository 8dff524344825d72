import { Command, Option } from 'commander'
import { anonymizer } from '../report/anonymize.ts'
import { captureObjects } from '../report/capture.ts'
import { toCaptureJson, toCaptureText } from '../report/capture-text.ts'
import { readVersion } from '../sources/cluster/server-version.ts'
import { connect } from '../sources/cluster/transport.ts'
import { readResource } from '../sources/manifest.ts'
import { requireNamespace, toKubeconfig } from './cluster-state.ts'
import { configOption, contextOption, kubeconfigOption, loadConfig } from './command.ts'
import { helpText } from './help.ts'
import type { Io } from './io.ts'
import { outputOption, printJson } from './output.ts'
import { readLive } from './progress.ts'

const EXAMPLES = [
  'mesh-guard capture > cluster.yaml',
  'mesh-guard capture -n user1 -n user2 --anonymize',
  'mesh-guard check change.yaml --against cluster.yaml'
]
const OUTCOMES = { ok: 'the cluster was captured', failed: 'internal error, or the cluster cannot be read' }

interface CaptureOptions {
  readonly kubeconfig?: string
  readonly context?: string
  readonly config?: string
  readonly namespace?: readonly string[]
  readonly anonymize?: boolean
  readonly output: string
}

export function captureCommand(io: Io): Command {
  return new Command('capture')
    .description('Print the objects of a cluster that decisions need, redacted, for --against; read-only')
    .addOption(
      new Option(
        '-n, --namespace <name>',
        'namespace to capture, besides those of control planes and gateways; repeatable (default: all)'
      ).argParser((value: string, previous: readonly string[] = []) => [...previous, value])
    )
    .addOption(new Option('--anonymize', 'replace names consistently by pseudonyms, except those that the model knows'))
    .addOption(kubeconfigOption)
    .addOption(contextOption)
    .addOption(outputOption)
    .addOption(configOption)
    .addHelpText('after', helpText(EXAMPLES, OUTCOMES))
    .action(async (options: CaptureOptions) => capture(options, io))
}

async function capture({ namespace: namespaces, anonymize, output, ...flags }: CaptureOptions, io: Io): Promise<void> {
  const { mesh } = loadConfig(flags.config)
  const connection = await connect(toKubeconfig(flags, '--against'))
  const read = await readLive(connection, mesh, io)
  for (const namespace of namespaces ?? []) requireNamespace(read.state, namespace)
  for (const [kind, reason] of read.state.unreadable) io.err(`not readable: ${kind}: ${reason}`)
  const version = await readVersion(connection)
  const objects = captureObjects({ ...read, namespaces }, readResource)
  const isAnonymous = anonymize === true
  const rename = isAnonymous ? anonymizer(read.state, objects) : undefined
  const header = { version, namespaces, isAnonymous }
  const captured = [read.state, rename?.objects ?? objects, header, rename?.text ?? (text => text)] as const
  if (output === 'text') io.out(toCaptureText(...captured))
  else printJson(io, output, toCaptureJson(...captured))
}
