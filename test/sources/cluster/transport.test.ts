import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { parse, stringify } from 'yaml'
import { makeCertificate } from '../../../src/controller/dev-certificate.ts'
import { toText } from '../../../src/sources/cluster/line-stream.ts'
import { connect } from '../../../src/sources/cluster/transport.ts'
import { kubeconfig } from '../../support/kubeconfig.ts'

const OPTIONS = { signal: new AbortController().signal, idleTimeoutMs: 1_000 }

t.test('without a file, the default kubeconfig is used', async t => {
  const home = process.env['HOME']
  t.teardown(() => {
    process.env['HOME'] = home
  })
  const folder = t.testdir({ '.kube': { config: kubeconfig('http://127.0.0.1:1', 'home') }, elsewhere: {} })
  process.env['HOME'] = folder
  await t.resolves(connect({ files: [], context: 'home' }))
  process.env['HOME'] = join(folder, 'elsewhere')
  await t.rejects(connect({ files: [] }), { name: 'InvalidInput', message: /no cluster configured/ })
})

t.test('namespace is the namespace of the context', async t => {
  const config = parse(kubeconfig('http://127.0.0.1:1'))
  config.contexts.push({ name: 'other', context: { ...config.contexts[0].context, namespace: 'user1' } })
  const files = [join(t.testdir({ config: stringify(config) }), 'config')]
  t.match(await connect({ files }), { namespace: 'default' })
  t.match(await connect({ files, context: 'other' }), { namespace: 'user1' })
})

t.test('an exec plugin is started once for concurrent requests', async t => {
  const server = createServer((_request, response) => response.end())
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const credential = JSON.stringify({
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    status: { token: 'not-a-secret', expirationTimestamp: new Date(Date.now() + 3_600_000) }
  })
  const folder = t.testdir({ credential })
  const config = parse(kubeconfig(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
  const command = `echo started >> ${folder}/starts; cat ${folder}/credential`
  config.users[0].user = { exec: { command: 'sh', args: ['-c', command] } }
  writeFileSync(join(folder, 'config'), stringify(config))
  const transport = await connect({ files: [join(folder, 'config')] })
  const answers = await Promise.all(['/a', '/b', '/c', '/d'].map(path => transport.get(path, OPTIONS)))
  t.same(new Set(answers.map(({ status }) => status)), new Set([200]))
  t.equal(readFileSync(join(folder, 'starts'), 'utf8'), 'started\n')
})

t.test('a failing exec plugin is not restarted for each request', async t => {
  const folder = t.testdir({})
  const config = parse(kubeconfig('http://127.0.0.1:1'))
  config.users[0].user = { exec: { command: 'sh', args: ['-c', `echo started >> ${folder}/starts; exit 1`] } }
  writeFileSync(join(folder, 'config'), stringify(config))
  const transport = await connect({ files: [join(folder, 'config')] })
  for (const path of ['/a', '/b', '/c']) await t.rejects(transport.get(path, OPTIONS))
  t.equal(readFileSync(join(folder, 'starts'), 'utf8'), 'started\n')
})

t.test('an aborted request does not wait for an exec plugin', async t => {
  const config = parse(kubeconfig('http://127.0.0.1:1'))
  config.users[0].user = { exec: { command: 'sleep', args: ['2'] } }
  const transport = await connect({ files: [join(t.testdir({ config: stringify(config) }), 'config')] })
  const stop = new AbortController()
  const response = transport.get('/a', { ...OPTIONS, signal: stop.signal })
  stop.abort(new Error('stopped'))
  await t.rejects(response, { message: 'stopped' })
})

t.test('requests use TLS, the credentials and the base path of the server', async t => {
  const { ca, ...keyPair } = await makeCertificate(['127.0.0.1'])
  const server = createTlsServer(keyPair, (request, response) => {
    response.writeHead(429, { 'retry-after': '2' }).end(`${request.url} ${request.headers.authorization}`)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/proxy/`
  const config = parse(kubeconfig(url))
  config.clusters[0].cluster = { server: url, 'certificate-authority-data': Buffer.from(ca).toString('base64') }
  const transport = await connect({ files: [join(t.testdir({ config: stringify(config) }), 'config')] })
  const answer = await transport.get('/api/v1/pods?limit=1', OPTIONS)
  t.match(answer, { status: 429, retryAfterMs: 2_000 })
  t.equal(await toText(answer.body, 1_000), '/proxy/api/v1/pods?limit=1 Bearer not-a-secret')
})

t.test('send writes a JSON body', async t => {
  const server = createServer((request, response) => {
    let text = `${request.method} ${request.url} ${request.headers['content-type']} `
    request.setEncoding('utf8').on('data', (part: string) => {
      text += part
    })
    request.on('end', () => response.end(text))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.closeAllConnections())
  t.teardown(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const transport = await connect({ files: [join(t.testdir({ config: kubeconfig(url) }), 'config')] })
  const write = { method: 'PATCH', contentType: 'application/merge-patch+json', body: { a: 'ä' } } as const
  const answer = await transport.send('/x?y=z', write, OPTIONS)
  t.equal(await toText(answer.body, 1000), 'PATCH /x?y=z application/merge-patch+json {"a":"ä"}')
})

t.test('requests fail on timeout, abort and refused connections', async t => {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'retry-after': 'Fri, 31 Dec 1999 23:59:59 GMT' }).write('{')
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.closeAllConnections())
  t.teardown(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const transport = await connect({ files: [join(t.testdir({ config: kubeconfig(url) }), 'config')] })
  const answer = await transport.get('/', { ...OPTIONS, idleTimeoutMs: 50 })
  t.equal(answer.retryAfterMs, undefined, 'an HTTP date in Retry-After is ignored')
  await t.rejects(toText(answer.body, 1_000), /aborted|no bytes/, 'idle timeout')
  const stop = new AbortController()
  const stopped = await transport.get('/', { idleTimeoutMs: 1_000, signal: stop.signal })
  stop.abort()
  await t.rejects(toText(stopped.body, 1_000), 'abort')
  const unreachable = await connect({
    files: [join(t.testdir({ config: kubeconfig('http://127.0.0.1:1') }), 'config')]
  })
  await t.rejects(unreachable.get('/', OPTIONS), /ECONNREFUSED/, 'connection refused')
})
