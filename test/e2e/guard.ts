import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { stringify } from 'yaml'

/** The bundled guard as a separate process. */
export interface Process {
  readonly webhook: string
  readonly health: string
  readonly pid: number
  readonly logs: () => string
  /** Sends a signal and waits for the exit; a graceful shutdown takes `shutdownDelaySeconds`. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<void>
}

/** A guard whose configuration can be changed. */
export interface Configured extends Process {
  readonly configFile: string
}

export interface Guard extends Process {
  /** PEM, for `caBundle`. */
  readonly ca: string
}

export const MAIN = join(import.meta.dirname, '../../dist/main.js')

/** Starts a guard without the controller. */
export async function startGuard(
  kubeconfig: string,
  ports: { readonly webhook: number; readonly health: number }
): Promise<Guard> {
  const folder = mkdtempSync(join(tmpdir(), 'mesh-guard-e2e-certs-'))
  const server = { host: '127.0.0.1', port: ports.webhook, healthPort: ports.health, certDir: folder }
  const started = await startProcess(kubeconfig, { server })
  const ca = readFileSync(join(folder, 'ca.crt'), 'utf8')
  rmSync(folder, { recursive: true })
  return { ...started, ca }
}

/** @param program bundle to run; default: of this checkout */
export async function startProcess(
  kubeconfig: string,
  configuration: object,
  env: Readonly<Record<string, string>> = {},
  program = MAIN
): Promise<Configured> {
  const folder = mkdtempSync(join(tmpdir(), 'mesh-guard-e2e-guard-'))
  const config = join(folder, 'config.yaml')
  writeFileSync(config, stringify(configuration))
  const child = spawn(process.execPath, [program, 'serve', '--kubeconfig', kubeconfig, '--config', config], {
    env: { ...process.env, ...env }
  })
  const started = await waitForStart(child, () => rmSync(folder, { recursive: true, force: true }))
  return { ...started, configFile: config }
}

/** Resolves when the guard has printed its listening addresses. */
export async function waitForStart(child: ChildProcessWithoutNullStreams, clean: () => void): Promise<Process> {
  let logs = ''
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    logs += part
  })
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const addressIn = async () => {
    const { value } = await lines.next()
    const address = /https?:\/\/[\d.:]+/.exec(String(value))?.[0]
    if (address === undefined) throw new Error(`the guard did not start: ${value}\n${logs}`)
    return address
  }
  const webhook = await addressIn()
  const health = await addressIn()
  return {
    webhook,
    health,
    pid: child.pid as number,
    logs: () => logs,
    stop: async (signal = 'SIGINT') => {
      await end(child, signal)
      clean()
    }
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise(resolve => child.once('exit', resolve))
  child.kill(signal)
  await ended
}
