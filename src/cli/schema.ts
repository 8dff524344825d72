import { Argument, Command } from 'commander'
import { z } from 'zod'
import { configSchema } from '../config-schema.ts'
import { accessSchema } from '../report/access.ts'
import { assertionsSchema } from '../report/access-assertions.ts'
import { diffSchema } from '../report/diff.ts'
import { explanationSchema } from '../report/explanation.ts'
import { fixResultSchema } from '../report/fix.ts'
import { planSchema } from '../report/plan.ts'
import { reportSchema } from '../report/report.ts'
import { traceSchema } from '../report/trace.ts'
import { helpText, SUCCESS } from './help.ts'
import type { Io } from './io.ts'
import { outputOption, printJson } from './output.ts'

const SCHEMAS = {
  config: () => z.toJSONSchema(configSchema, { io: 'input' }),
  report: () => z.toJSONSchema(reportSchema),
  explanation: () => z.toJSONSchema(explanationSchema),
  access: () => z.toJSONSchema(accessSchema),
  assertions: () => z.toJSONSchema(assertionsSchema, { io: 'input' }),
  trace: () => z.toJSONSchema(traceSchema),
  plan: () => z.toJSONSchema(planSchema),
  diff: () => z.toJSONSchema(diffSchema),
  fix: () => z.toJSONSchema(fixResultSchema)
} as const

export function schemaCommand(io: Io): Command {
  return new Command('schema')
    .description('Print the JSON Schema of the configuration file or of an output')
    .addArgument(new Argument('<what>', 'document').choices(Object.keys(SCHEMAS)))
    .addOption(outputOption)
    .addHelpText('after', helpText(['mesh-guard schema config', 'mesh-guard schema report -o yaml'], SUCCESS))
    .action((what: keyof typeof SCHEMAS, { output }: { readonly output: string }) =>
      printJson(io, output, JSON.stringify(SCHEMAS[what](), undefined, 2))
    )
}
