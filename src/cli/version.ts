import { Command } from 'commander'
import manifest from '../../package.json' with { type: 'json' }
import { helpText, SUCCESS } from './help.ts'
import type { Io } from './io.ts'

export const VERSION = manifest.version

export function versionCommand(io: Io): Command {
  return new Command('version')
    .description('Print the version')
    .addHelpText('after', helpText(['mesh-guard version'], SUCCESS))
    .action(() => io.out(VERSION))
}
