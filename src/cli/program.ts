import { inspect } from 'node:util'
import { Command, CommanderError } from 'commander'
import { UnreadableCluster } from '../sources/cluster/read-once.ts'
import { InvalidInput } from '../sources/files.ts'
import { accessCommand } from './access.ts'
import { auditCommand } from './audit.ts'
import { captureCommand } from './capture.ts'
import { checkCommand } from './check.ts'
import { EXIT } from './command.ts'
import { completeCommand, completionCommand } from './completion-command.ts'
import { diffCommand } from './diff.ts'
import { explainCommand } from './explain.ts'
import { fixCommand } from './fix.ts'
import { FINDINGS, helpText } from './help.ts'
import type { Io } from './io.ts'
import { planCommand } from './plan.ts'
import { rulesCommand } from './rules.ts'
import { schemaCommand } from './schema.ts'
import { serveCommand } from './serve.ts'
import { traceCommand } from './trace.ts'
import { describeUsage } from './usage.ts'
import { VERSION, versionCommand } from './version.ts'

const EXAMPLES = [
  'mesh-guard check change.yaml',
  'mesh-guard audit --against examples/cluster',
  'mesh-guard explain user1/sklearn-iris'
]

/** The commands, with their options and help. */
export function createProgram(io: Io): Command {
  const program = new Command('mesh-guard')
    .description('Detect Istio, Knative and KServe changes that break request paths to InferenceServices')
    .version(VERSION)
    .addHelpText('after', helpText(EXAMPLES, FINDINGS))
  const commands = [
    serveCommand(io),
    checkCommand(io),
    explainCommand(io),
    accessCommand(io),
    traceCommand(io),
    planCommand(io),
    diffCommand(io),
    fixCommand(io),
    auditCommand(io),
    captureCommand(io),
    rulesCommand(io),
    schemaCommand(io),
    completionCommand(io),
    versionCommand(io)
  ]
  for (const command of commands) program.addCommand(command)
  program.addCommand(completeCommand(program, io), { hidden: true })
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({
      writeOut: text => io.out(text.trimEnd()),
      writeErr: text => io.err(text.trimEnd()),
      // `report` writes them in the form of all other errors.
      outputError: () => {}
    })
  }
  return program
}

/** Runs a command line. Each failure becomes a message and an exit code. */
export async function run(argv: readonly string[], io: Io): Promise<void> {
  const program = createProgram(io)
  try {
    await program.parseAsync(argv, { from: 'user' })
  } catch (error) {
    const isUsage = error instanceof CommanderError && error.exitCode !== 0 && error.code !== 'commander.help'
    io.exit(report(isUsage ? new InvalidInput([describeUsage(error, program, argv[0])]) : error, io))
  }
}

function report(error: unknown, io: Io): number {
  // Help and version are already written.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
  if (error instanceof InvalidInput) {
    for (const line of error.lines) io.err(`error: ${line}`)
    return EXIT.usage
  }
  io.err(`error: ${error instanceof UnreadableCluster ? error.message : inspect(error)}`)
  return EXIT.failed
}
