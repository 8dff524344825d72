#!/usr/bin/env node
import { COMPLETE } from './cli/completion-command.ts'

// kubectl runs this program from the PATH (`kubectl_complete-mesh_guard`) to complete `kubectl mesh-guard`.
process.argv.splice(2, 0, COMPLETE, '--')
await import('./main.ts')
