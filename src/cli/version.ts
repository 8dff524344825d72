import { Command } from 'commander'
import manifest from '../../package.json' with { type: 'json' }
import type { Io } from './command.ts'
import { helpText, SUCCESS } from './help.ts'

export const VERSION = manifest.version

export function versionCommand(io: Io): Command {
  return new Command('version')
    .description('Print the version')
    .addHelpText('after', helpText(['mesh-guard version'], SUCCESS))
    .action(() => io.out(VERSION))
}
