import { Command } from 'commander'
import manifest from '../../package.json' with { type: 'json' }
import { helpText, SUCCESS } from './help.ts'
import type { Io } from './io.ts'
import { outputOption, print } from './output.ts'

export const VERSION = manifest.version

export function versionCommand(io: Io): Command {
  return new Command('version')
    .description('Print the version')
    .addOption(outputOption)
    .addHelpText('after', helpText(['mesh-guard version', 'mesh-guard version -o json'], SUCCESS))
    .action(({ output }: { readonly output: string }) =>
      print(io, { output }, { apiVersion: 'mesh-guard.io/v1', kind: 'Version', version: VERSION }, () => VERSION)
    )
}
