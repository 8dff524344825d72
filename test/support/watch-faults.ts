import type { Health } from '../../src/sources/cluster/sync-status.ts'
import { type Fault, toEvent } from './api-server.ts'
import { type FaultCase, heal, onRequest, respondWithStatus, respondWithText } from './fault.ts'
import { KIND, POLICIES, policy, SHORT_IDLE_TIMEOUTS, V1_POLICIES } from './watch-harness.ts'

/** The fault is active from the next watch on. */
const fromNextWatch = (fault: Fault, reason: string, meanwhile?: Health): FaultCase => ({
  play: ({ api }) => {
    api.fault = fault
    api.endWatches(POLICIES)
  },
  reason,
  heal,
  ...(meanwhile === undefined ? {} : { meanwhile })
})

const bookmarkOf = (request: URL) =>
  toEvent('BOOKMARK', { metadata: { resourceVersion: request.searchParams.get('resourceVersion') } })

const HALF = toEvent('ADDED', policy('c')).slice(0, 50)

/** Faults of a whole watch. */
export const WATCH_FAULTS: Readonly<Record<string, FaultCase>> = {
  'CRD is removed and reinstalled': {
    exclusive: true,
    play: ({ api }) => api.unserve(POLICIES),
    meanwhile: 'absent',
    reason: '404',
    heal: ({ api }) => {
      api.serve(POLICIES, { apiVersion: 'security.istio.io/v1beta1', kind: KIND })
      api.put(POLICIES, policy('x'))
    }
  },
  'CRD is served at another API version': {
    exclusive: true,
    play: ({ api }) => {
      api.alias(POLICIES, V1_POLICIES)
      api.unserve(POLICIES)
    },
    reason: '404',
    check: (t, { healthHistory }) => t.notOk(healthHistory.includes('absent'))
  },
  'two API servers, one with another API version': {
    exclusive: true,
    play: ({ api }) => {
      api.alias(POLICIES, V1_POLICIES)
      let count = 0
      const respond = respondWithStatus('any', 404)
      api.fault = (request, ...rest) => request.pathname === POLICIES && count++ % 2 === 0 && respond(request, ...rest)
      api.endWatches(POLICIES)
    },
    reason: '404',
    heal,
    check: (t, { healthHistory }) => t.notOk(healthHistory.includes('absent'))
  },
  401: fromNextWatch(respondWithStatus('watch', 401), '401', 'stale'),
  403: fromNextWatch(respondWithStatus('watch', 403), '403', 'forbidden'),
  410: fromNextWatch(respondWithStatus('watch', 410), '410'),
  429: fromNextWatch(respondWithStatus('any', 429, { 'retry-after': '0' }), '429', 'stale'),
  500: fromNextWatch(respondWithStatus('watch', 500), '500', 'stale'),
  502: fromNextWatch(respondWithStatus('any', 502), '502', 'stale'),
  503: fromNextWatch(respondWithStatus('any', 503, { 'retry-after': 'Fri, 31 Dec 1999 23:59:59 GMT' }), '503', 'stale'),
  '504, resourceVersion is too large': fromNextWatch(respondWithStatus('watch', 504), '504', 'stale'),
  'resourceVersion is compacted during an outage': {
    play: ({ api }) => {
      api.fault = respondWithStatus('any', 503)
      api.endWatches(POLICIES)
    },
    meanwhile: 'stale',
    reason: '503',
    heal: ({ api }) => {
      api.compact()
      api.fault = undefined
    },
    check: (t, watched) => t.ok(watched.health().counters.errors.has('410'))
  },
  'all connections are reset': { play: ({ api }) => api.resetConnections(), reason: 'unreachable' },
  'server is down': {
    play: ({ api }) => api.down(),
    reason: 'unreachable',
    heal: ({ api }) => api.up()
  },
  'no response': {
    ...fromNextWatch(
      onRequest('watch', () => {}),
      'idle-timeout',
      'stale'
    ),
    timing: SHORT_IDLE_TIMEOUTS
  },
  'no bytes after a bookmark': {
    ...fromNextWatch(
      onRequest('watch', (request, response) => response.writeHead(200).write(bookmarkOf(request))),
      'idle-timeout'
    ),
    timing: SHORT_IDLE_TIMEOUTS
  },
  'no bytes after the headers': {
    ...fromNextWatch(
      onRequest('watch', (_request, response) => response.writeHead(200).flushHeaders()),
      'idle-timeout'
    ),
    timing: SHORT_IDLE_TIMEOUTS
  },
  'watch ends immediately': fromNextWatch(respondWithText('watch', ''), 'idle-timeout'),
  'watch ends after a bookmark': {
    play: ({ api }) => {
      api.fault = onRequest('watch', (request, response) => response.writeHead(200).end(bookmarkOf(request)))
      api.endWatches(POLICIES)
    },
    meanwhile: 'synced',
    heal
  },
  'connection closes immediately': fromNextWatch(
    onRequest('watch', (_request, response) => {
      response.writeHead(200).flushHeaders()
      setTimeout(() => response.destroy(), 1)
    }),
    'idle-timeout'
  ),
  'connection closes in the middle of an object': fromNextWatch(
    onRequest('watch', (request, response) => {
      response.writeHead(200).write(bookmarkOf(request) + HALF)
      setTimeout(() => response.destroy(), 10)
    }),
    'unreachable'
  ),
  'watch ends in the middle of an object': {
    play: ({ api }) => {
      api.writeToWatches(POLICIES, HALF)
      api.endWatches(POLICIES)
    },
    reason: 'malformed'
  }
}
