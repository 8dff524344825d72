import t from 'tap'
import { createApiClient } from '../../src/controller/api.ts'
import type { WriteRequest } from '../../src/sources/cluster/request.ts'
import type { WritingTransport } from '../../src/sources/cluster/transport.ts'

/** API client whose server always sends this response, and its last request. */
function answering(status: number, text: string) {
  const asked: { path?: string; sending?: WriteRequest } = {}
  async function* body() {
    yield Buffer.from(text)
  }
  const answer = async (path: string, sending?: WriteRequest) => {
    Object.assign(asked, { path, sending })
    return { status, retryAfterMs: undefined, body: body() }
  }
  const transport: WritingTransport = { get: path => answer(path), send: (path, sending) => answer(path, sending) }
  return { api: createApiClient(transport, 1_000), asked }
}

t.test('requests have method, content type, body and field manager', async t => {
  const { api, asked } = answering(200, '{"a":1}')
  t.same(await api.get('/x'), { a: 1 })
  t.match(asked, { path: '/x', sending: undefined })
  const body = { b: 2 }
  await api.mergePatch('/x', body)
  t.same(asked.sending, { method: 'PATCH', contentType: 'application/merge-patch+json', body })
  t.equal(asked.path, '/x?fieldManager=kserve-mesh-guard')
  await api.apply('/x', body)
  t.same(asked.sending, { method: 'PATCH', contentType: 'application/apply-patch+yaml', body })
  t.equal(asked.path, '/x?fieldManager=kserve-mesh-guard&force=true')
  await api.dryRunCreate('/x', body)
  t.same(asked.sending, { method: 'POST', contentType: 'application/json', body })
  t.equal(asked.path, '/x?dryRun=All&fieldManager=kserve-mesh-guard')
  await api.create('/x', body)
  t.same(asked.sending, { method: 'POST', contentType: 'application/json', body })
  t.equal(asked.path, '/x?fieldManager=kserve-mesh-guard')
  await api.delete('/x', '7')
  t.match(asked.sending, { method: 'DELETE', body: { kind: 'DeleteOptions', preconditions: { resourceVersion: '7' } } })
  t.equal(asked.path, '/x')
})

t.test('error response is thrown with status and message', async t => {
  for (const [status, text, message] of [
    [409, '{"kind":"Status","message":"it has been modified"}', 'it has been modified'],
    [502, '<html>', 'the API server answered 502'],
    [500, '{}', 'the API server answered 500']
  ] as const) {
    const { api } = answering(status, text)
    await t.rejects(api.get('/x'), { name: 'ApiStatusError', status, message })
  }
})
