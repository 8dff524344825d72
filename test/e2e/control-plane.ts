import { type ChildProcess, spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { generate } from 'selfsigned'
import { stringify } from 'yaml'
import { type Kubectl, runnerOf } from './kubectl.ts'

export type Server = 'etcd' | 'kube-apiserver'

/** kube-apiserver and etcd on loopback, for one run. */
export interface ControlPlane {
  readonly kubeconfig: string
  readonly kubectl: Kubectl
  /** Kills one server and starts it again with its data. Resolves when the API server is ready. */
  readonly restart: (server: Server, downMs: number) => Promise<void>
  /**
   * Starts controllers of Kubernetes. Define CRDs before, because the garbage collector discovers kinds every 30 s.
   *
   * @param program kube-controller-manager
   */
  readonly startControllers: (program: string, names: readonly string[]) => void
  /** Starts a second kube-apiserver on the same data, without admission webhooks. */
  readonly startWithoutWebhooks: () => Promise<Kubectl>
  /** Stops all processes that were started here, and removes their files. */
  readonly stop: () => Promise<void>
}

/** Loopback addresses, so that Services reach no other network. */
const SERVICE_RANGE = '127.96.0.0/16'
const READY_MS = 60_000

/** @param more flags of kube-apiserver */
export async function startControlPlane(assets: string, more: Flags = {}): Promise<ControlPlane> {
  const folder = mkdtempSync(join(tmpdir(), 'mesh-guard-e2e-'))
  const children: ChildProcess[] = []
  const stop = async () => {
    await Promise.all(children.map(end))
    rmSync(folder, { recursive: true, force: true })
  }
  const start = (program: string, flags: Flags) => {
    const child = startDaemon(program, flags, join(folder, `${basename(program)}.log`))
    children.push(child)
    return child
  }
  try {
    const [client = 0, peer = 0, api = 0] = await freePorts(3)
    const files = await writeKeys(folder, api)
    const etcd = {
      'data-dir': join(folder, 'etcd'),
      'unsafe-no-fsync': 'true',
      'log-level': 'warn',
      'listen-client-urls': `http://127.0.0.1:${client}`,
      'advertise-client-urls': `http://127.0.0.1:${client}`,
      'listen-peer-urls': `http://127.0.0.1:${peer}`,
      'initial-advertise-peer-urls': `http://127.0.0.1:${peer}`,
      'initial-cluster': `default=http://127.0.0.1:${peer}`
    }
    const flags: Flags = {
      'etcd-servers': `http://127.0.0.1:${client}`,
      'bind-address': '127.0.0.1',
      'advertise-address': '127.0.0.1',
      // Endpoints must not be loopback addresses, and are not needed.
      'endpoint-reconciler-type': 'none',
      'cert-dir': folder,
      'tls-cert-file': files.serverCert,
      'tls-private-key-file': files.serverKey,
      'client-ca-file': files.ca,
      'authorization-mode': 'RBAC',
      'service-account-issuer': 'https://kubernetes.default.svc',
      'service-account-key-file': files.accountPublic,
      'service-account-signing-key-file': files.accountKey,
      'service-cluster-ip-range': SERVICE_RANGE,
      // The plugin rejects pods whose ServiceAccount a controller has not created.
      'disable-admission-plugins': 'ServiceAccount'
    }
    const runnerAt = (first: readonly string[] = []) =>
      runnerOf(join(assets, 'kubectl'), ['--kubeconfig', files.kubeconfig, ...first])
    const serve = (port: number, others: Flags) =>
      start(join(assets, 'kube-apiserver'), { ...flags, 'secure-port': String(port), ...others })
    const log = join(folder, 'kube-apiserver.log')
    const starts: Readonly<Record<Server, () => ChildProcess>> = {
      etcd: () => start(join(assets, 'etcd'), etcd),
      'kube-apiserver': () => serve(api, more)
    }
    const running = { etcd: starts.etcd(), 'kube-apiserver': starts['kube-apiserver']() }
    const kubectl = runnerAt()
    const ready = () => untilReady(kubectl, running['kube-apiserver'], log)
    await ready()
    const restart: ControlPlane['restart'] = async (server, downMs) => {
      await end(running[server])
      await sleep(downMs)
      running[server] = starts[server]()
      await ready()
    }
    const startControllers: ControlPlane['startControllers'] = (program, names) => {
      start(program, {
        kubeconfig: files.kubeconfig,
        controllers: names.join(),
        'leader-elect': 'false',
        'secure-port': '0'
      })
    }
    const startWithoutWebhooks: ControlPlane['startWithoutWebhooks'] = async () => {
      const [port = 0] = await freePorts(1)
      const without = ['ServiceAccount', 'MutatingAdmissionWebhook', 'ValidatingAdmissionWebhook']
      const kubectl = runnerAt([`--server=https://127.0.0.1:${port}`])
      await untilReady(kubectl, serve(port, { 'disable-admission-plugins': without.join() }), log)
      return kubectl
    }
    return { kubeconfig: files.kubeconfig, kubectl, restart, startControllers, startWithoutWebhooks, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

export type Flags = Readonly<Record<string, string>>

/** Starts a program that logs to a file. */
export function startDaemon(program: string, flags: Flags, logFile: string, env: Flags = {}): ChildProcess {
  const log = openSync(logFile, 'a')
  const given = Object.entries(flags).map(([key, value]) => `--${key}=${value}`)
  const child = spawn(program, given, { stdio: ['ignore', log, log], env: { ...process.env, ...env } })
  closeSync(log)
  return child
}

/** Kills the process: a graceful shutdown of the API server takes seconds. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise(resolve => child.once('exit', resolve))
  child.kill('SIGKILL')
  await ended
}

async function untilReady(kubectl: Kubectl, server: ChildProcess | undefined, log: string): Promise<void> {
  const deadline = Date.now() + READY_MS
  while ((await kubectl(['get', '--raw', '/readyz'])).code !== 0) {
    if (server === undefined || server.exitCode !== null || Date.now() > deadline) {
      throw new Error(`kube-apiserver is not ready:\n${readFileSync(log, 'utf8').split('\n').slice(-15).join('\n')}`)
    }
    await sleep(100)
  }
}

/** Free ports; all are held until the last one is known, so that they differ. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer()
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
      return server
    })
  )
  return servers.map(server => {
    const address = server.address()
    server.close()
    return typeof address === 'object' && address !== null ? address.port : 0
  })
}

interface KeyFiles {
  readonly ca: string
  readonly serverCert: string
  readonly serverKey: string
  readonly accountKey: string
  readonly accountPublic: string
  readonly kubeconfig: string
}

/** Writes CA, serving certificate, kubeconfig of an administrator, and keys for ServiceAccount tokens. */
async function writeKeys(folder: string, port: number): Promise<KeyFiles> {
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text, { mode: 0o600 })
    return join(folder, name)
  }
  const base = {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notAfterDate: new Date(Date.now() + 86_400_000)
  } as const
  const ca = await generate([{ name: 'commonName', value: 'e2e-ca' }], {
    ...base,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, critical: true }
    ]
  })
  const signer = { ...base, ca: { key: ca.private, cert: ca.cert } }
  const server = await generate([{ name: 'commonName', value: 'kube-apiserver' }], {
    ...signer,
    extensions: [
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 7, ip: '127.0.0.1' },
          { type: 2, value: 'localhost' }
        ]
      }
    ]
  })
  const admin = await generate(
    [
      { name: 'organizationName', value: 'system:masters' },
      { name: 'commonName', value: 'admin' }
    ],
    { ...signer, extensions: [{ name: 'extKeyUsage', clientAuth: true }] }
  )
  const account = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'sec1', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' }
  })
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  return {
    ca: write('ca.crt', ca.cert),
    serverCert: write('server.crt', server.cert),
    serverKey: write('server.key', server.private),
    accountKey: write('account.key', account.privateKey),
    accountPublic: write('account.pub', account.publicKey),
    kubeconfig: write(
      'kubeconfig',
      stringify({
        apiVersion: 'v1',
        kind: 'Config',
        'current-context': 'e2e',
        clusters: [
          {
            name: 'e2e',
            cluster: { server: `https://127.0.0.1:${port}`, 'certificate-authority-data': base64(ca.cert) }
          }
        ],
        users: [
          {
            name: 'admin',
            user: { 'client-certificate-data': base64(admin.cert), 'client-key-data': base64(admin.private) }
          }
        ],
        contexts: [{ name: 'e2e', context: { cluster: 'e2e', user: 'admin' } }]
      })
    )
  }
}
