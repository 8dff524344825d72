/** Starts a program of a release as a user does. */
import { spawn } from 'node:child_process'
import { createReadStream, readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { inFolder, type Manifest, must, root, run } from './lib.ts'

const examples = join(root, 'examples')
/** A server without an evaluation thread would wait forever. */
const START_TIMEOUT_MS = 60_000

/** @returns what was started, for the report */
export async function tryExecutable(program: string, { version }: Pick<Manifest, 'version'>): Promise<string> {
  const startedMs = performance.now()
  const printed = (await run(program, ['--version'])).trim()
  const startMs = Math.round(performance.now() - startedMs)
  must(printed === version, `${program} prints version ${printed}, expected ${version}`)
  await tryCheck(program, examples)
  const page = await run(program, ['rules', 'tls-certificate-mismatch'])
  must(page.startsWith('# tls-certificate-mismatch'), `${program} does not print the page of a rule: ${page}`)
  await tryServe(program)
  return `starts in ${startMs} ms, checks the examples and serves`
}

/** @param folder examples of the package or the checkout */
export async function tryCheck(program: string, folder: string): Promise<void> {
  const check = ['check', join(folder, 'strict-mesh.yaml'), '--against', join(folder, 'cluster')]
  const denied = await run(program, [...check, '--fail-on', 'never'])
  must(denied.startsWith('DENY '), `${program} does not deny examples/strict-mesh.yaml: ${denied}`)
}

/** Serves the examples on free ports of the loopback interface, and asks for readiness and for a decision of the thread. */
async function tryServe(program: string): Promise<void> {
  await inFolder(async folder => {
    const config = join(folder, 'config.yaml')
    const certDir = join(folder, 'certs')
    writeFileSync(config, JSON.stringify({ server: { port: 0, healthPort: 0, certDir, shutdownDelaySeconds: 0 } }))
    const child = spawn(program, ['serve', '--config', config, '--manifests', join(examples, 'cluster')], {
      stdio: ['ignore', 'pipe', 'ignore']
    })
    const stopped = new Promise(resolve => child.once('close', resolve))
    const timer = setTimeout(() => child.kill('SIGKILL'), START_TIMEOUT_MS)
    try {
      const { webhook, health } = await addressesOf(createInterface(child.stdout))
      must((await fetch(`${health}/readyz`)).ok, `${program} serves and is not ready`)
      const answer = await post(`${webhook}/validate`, readFileSync(join(certDir, 'ca.crt'), 'utf8'))
      must(answer.includes('"allowed":false'), `${program} does not deny examples/review.json: ${answer}`)
    } finally {
      clearTimeout(timer)
      child.kill()
      await stopped
    }
  })
}

/** Reads the addresses that the server prints when it listens. */
async function addressesOf(lines: AsyncIterable<string>) {
  const found: Record<string, string> = {}
  for await (const line of lines) {
    const [, name = '', address = ''] = /^(webhook|health) +(https?:\/\/[^/]+)/.exec(line) ?? []
    found[name] = address
    const { webhook, health } = found
    if (webhook !== undefined && health !== undefined) return { webhook, health }
  }
  must(false, `the server was not ready within ${START_TIMEOUT_MS / 1000} s`)
}

function post(url: string, ca: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const sent = request(url, { method: 'POST', ca, headers: { 'content-type': 'application/json' } }, async response => {
    resolve((await response.setEncoding('utf8').toArray()).join(''))
  })
  sent.once('error', reject)
  createReadStream(join(examples, 'review.json')).pipe(sent)
  return promise
}
