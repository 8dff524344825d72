import type { Health } from '../../src/sources/cluster/sync-status.ts'
import { type Fault, refuse } from './api-server.ts'
import { answering, heal, on, type Row, refusing } from './fault.ts'
import { IMPATIENT, KIND, POLICIES, policy } from './watch-harness.ts'

/** The fault is there when we come. */
const atFirst = (fault: Fault, reason: string, meanwhile: Health = 'starting'): Row => ({
  before: api => {
    api.fault = fault
  },
  meanwhile,
  reason,
  heal
})

/** The kind is not there at the version that we know, and this is what the server says of others. */
const withoutGroup = (answer: (response: Parameters<Fault>[1]) => unknown, reason: string): Row =>
  atFirst(({ pathname }, response) => {
    if (pathname === '/apis/security.istio.io') answer(response)
    else if (pathname === POLICIES) refuse(response, 404)
    else return false
    return true
  }, reason)

/** What can go wrong when a collection is listed. */
export const LIST_FAULTS: Readonly<Record<string, Row>> = {
  'no fault at all': {},
  '404, then the definition comes': {
    alone: true,
    before: api => api.unserve(POLICIES),
    meanwhile: 'absent',
    reason: '404',
    heal: ({ api }) => {
      api.serve(POLICIES, { apiVersion: 'security.istio.io/v1beta1', kind: KIND })
      api.put(POLICIES, policy('x'))
    }
  },
  '404, and the group is no group': withoutGroup(response => response.writeHead(200).end('{}'), 'unexpected'),
  '404, and the group is refused': withoutGroup(response => refuse(response, 503), '503'),
  'it hangs': {
    ...atFirst(
      on('list', () => {}),
      'idle-timeout'
    ),
    timing: IMPATIENT
  },
  'it hangs in the middle': {
    ...atFirst(
      on('list', (_request, response) => response.writeHead(200).write('{"kind":"PeerAuth')),
      'idle-timeout'
    ),
    timing: IMPATIENT
  },
  401: atFirst(refusing('list', 401), '401'),
  403: atFirst(refusing('list', 403), '403', 'forbidden'),
  410: atFirst(refusing('list', 410), '410'),
  500: atFirst(refusing('list', 500), '500'),
  '502 with HTML': atFirst(
    on('list', (_request, response) => response.writeHead(502).end('<html>Bad Gateway</html>')),
    '502'
  ),
  503: atFirst(refusing('list', 503), '503'),
  'a redirect': atFirst(refusing('list', 302, { location: 'http://127.0.0.1:1/' }), '302'),
  'a refusal without end': atFirst(
    on('list', (_request, response) => response.writeHead(500).write('x'.repeat(100_000))),
    '500'
  ),
  'the connection breaks': atFirst(
    on('list', (_request, response) => response.destroy()),
    'unreachable'
  ),
  'it breaks in the middle of an object': atFirst(
    on('list', (_request, response) => {
      response.writeHead(200, { 'content-length': '1000' }).write('{"items":[{"meta')
      setTimeout(() => response.destroy(), 5)
    }),
    'unreachable'
  ),
  'nothing in it': atFirst(answering('list', ''), 'unexpected'),
  'no JSON': atFirst(answering('list', '<html>'), 'unexpected'),
  'JSON, but no list': atFirst(answering('list', '[null]'), 'unexpected'),
  'of another kind': atFirst(
    answering('list', '{"apiVersion":"v1","kind":"PodList","metadata":{"resourceVersion":"1"},"items":[]}'),
    'unexpected'
  )
}
