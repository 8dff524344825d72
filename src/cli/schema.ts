import { Argument, Command } from 'commander'
import { z } from 'zod'
import { configSchema } from '../config.ts'
import { reportSchema } from '../report/report.ts'
import type { Io } from './command.ts'

export function schemaCommand(io: Io): Command {
  return new Command('schema')
    .description('JSON Schema of the configuration, or of the report')
    .addArgument(new Argument('<what>').choices(['config', 'report']))
    .addHelpText('after', '\nExample:\n  mesh-guard schema config')
    .action((what: string) => {
      const schema = what === 'config' ? z.toJSONSchema(configSchema, { io: 'input' }) : z.toJSONSchema(reportSchema)
      io.out(JSON.stringify(schema, undefined, 2))
    })
}
