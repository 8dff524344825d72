#!/usr/bin/env node
import { COMPLETE } from './cli/completion-command.ts'

// What kubectl looks for on the PATH, to complete the words that come after `kubectl mesh-guard`.
process.argv.splice(2, 0, COMPLETE, '--')
await import('./main.ts')
