import type { Health } from '../../src/sources/cluster/sync-status.ts'
import { type Fault, sendStatus } from './api-server.ts'
import { type FaultCase, heal, onRequest, respondWithStatus, respondWithText } from './fault.ts'
import { KIND, POLICIES, policy, SHORT_IDLE_TIMEOUTS } from './watch-harness.ts'

/** The fault is active before the first list. */
const initially = (fault: Fault, reason: string, meanwhile: Health = 'starting'): FaultCase => ({
  before: api => {
    api.fault = fault
  },
  meanwhile,
  reason,
  heal
})

/** The API version of the kind is not served, and discovery of its group gets this response. */
const withoutGroup = (respond: (response: Parameters<Fault>[1]) => unknown, reason: string): FaultCase =>
  initially(({ pathname }, response) => {
    if (pathname === '/apis/security.istio.io') respond(response)
    else if (pathname === POLICIES) sendStatus(response, 404)
    else return false
    return true
  }, reason)

/** Faults of a list. */
export const LIST_FAULTS: Readonly<Record<string, FaultCase>> = {
  'no fault': {},
  '404 until the CRD is installed': {
    exclusive: true,
    before: api => api.unserve(POLICIES),
    meanwhile: 'absent',
    reason: '404',
    heal: ({ api }) => {
      api.serve(POLICIES, { apiVersion: 'security.istio.io/v1beta1', kind: KIND })
      api.put(POLICIES, policy('x'))
    }
  },
  '404, and discovery returns no APIGroup': withoutGroup(response => response.writeHead(200).end('{}'), 'unexpected'),
  '404, and discovery returns 503': withoutGroup(response => sendStatus(response, 503), '503'),
  'no response': {
    ...initially(
      onRequest('list', () => {}),
      'idle-timeout'
    ),
    timing: SHORT_IDLE_TIMEOUTS
  },
  'response stops in the middle': {
    ...initially(
      onRequest('list', (_request, response) => response.writeHead(200).write('{"kind":"PeerAuth')),
      'idle-timeout'
    ),
    timing: SHORT_IDLE_TIMEOUTS
  },
  401: initially(respondWithStatus('list', 401), '401'),
  403: initially(respondWithStatus('list', 403), '403', 'forbidden'),
  410: initially(respondWithStatus('list', 410), '410'),
  500: initially(respondWithStatus('list', 500), '500'),
  '502 with HTML': initially(
    onRequest('list', (_request, response) => response.writeHead(502).end('<html>Bad Gateway</html>')),
    '502'
  ),
  503: initially(respondWithStatus('list', 503), '503'),
  redirect: initially(respondWithStatus('list', 302, { location: 'http://127.0.0.1:1/' }), '302'),
  'error response without end': initially(
    onRequest('list', (_request, response) => response.writeHead(500).write('x'.repeat(100_000))),
    '500'
  ),
  'connection closes': initially(
    onRequest('list', (_request, response) => response.destroy()),
    'unreachable'
  ),
  'connection closes in the middle of an object': initially(
    onRequest('list', (_request, response) => {
      response.writeHead(200, { 'content-length': '1000' }).write('{"items":[{"meta')
      setTimeout(() => response.destroy(), 5)
    }),
    'unreachable'
  ),
  'empty response': initially(respondWithText('list', ''), 'unexpected'),
  'invalid JSON': initially(respondWithText('list', '<html>'), 'unexpected'),
  'JSON that is not a list': initially(respondWithText('list', '[null]'), 'unexpected'),
  'list of another kind': initially(
    respondWithText('list', '{"apiVersion":"v1","kind":"PodList","metadata":{"resourceVersion":"1"},"items":[]}'),
    'unexpected'
  )
}
