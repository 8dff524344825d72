import type { Health } from '../../src/sources/cluster/sync-status.ts'
import { type Fault, toEvent } from './api-server.ts'
import { answering, heal, on, type Row, refusing } from './fault.ts'
import { IMPATIENT, KIND, POLICIES, policy, V1_POLICIES } from './watch-harness.ts'

/** The fault befalls the next watch, and lasts. */
const later = (fault: Fault, reason: string, meanwhile?: Health): Row => ({
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

/** What can go wrong with a watch as a whole. */
export const WATCH_FAULTS: Readonly<Record<string, Row>> = {
  'the definition goes, and comes again': {
    alone: true,
    play: ({ api }) => api.unserve(POLICIES),
    meanwhile: 'absent',
    reason: '404',
    heal: ({ api }) => {
      api.serve(POLICIES, { apiVersion: 'security.istio.io/v1beta1', kind: KIND })
      api.put(POLICIES, policy('x'))
    }
  },
  'the definition goes on at another version': {
    alone: true,
    play: ({ api }) => {
      api.alias(POLICIES, V1_POLICIES)
      api.unserve(POLICIES)
    },
    reason: '404',
    check: (t, { healths }) => t.notOk(healths.includes('absent'))
  },
  'two servers, of which one has another version': {
    alone: true,
    play: ({ api }) => {
      api.alias(POLICIES, V1_POLICIES)
      let asked = 0
      const refuse = refusing('any', 404)
      api.fault = (request, ...rest) => request.pathname === POLICIES && asked++ % 2 === 0 && refuse(request, ...rest)
      api.endWatches(POLICIES)
    },
    reason: '404',
    heal,
    check: (t, { healths }) => t.notOk(healths.includes('absent'))
  },
  401: later(refusing('watch', 401), '401', 'stale'),
  403: later(refusing('watch', 403), '403', 'forbidden'),
  410: later(refusing('watch', 410), '410'),
  429: later(refusing('any', 429, { 'retry-after': '0' }), '429', 'stale'),
  500: later(refusing('watch', 500), '500', 'stale'),
  502: later(refusing('any', 502), '502', 'stale'),
  503: later(refusing('any', 503, { 'retry-after': 'Fri, 31 Dec 1999 23:59:59 GMT' }), '503', 'stale'),
  '504, for we know of more than the server': later(refusing('watch', 504), '504', 'stale'),
  'the history is gone when we are back': {
    play: ({ api }) => {
      api.fault = refusing('any', 503)
      api.endWatches(POLICIES)
    },
    meanwhile: 'stale',
    reason: '503',
    heal: ({ api }) => {
      api.compact()
      api.fault = undefined
    },
    check: (t, watched) => t.ok(watched.evidence().counters.errors.has('410'))
  },
  'every connection breaks': { play: ({ api }) => api.reset(), reason: 'unreachable' },
  'nobody listens': {
    play: ({ api }) => api.down(),
    reason: 'unreachable',
    heal: ({ api }) => api.up()
  },
  'no answer': {
    ...later(
      on('watch', () => {}),
      'idle-timeout',
      'stale'
    ),
    timing: IMPATIENT
  },
  'half open, after a word': {
    ...later(
      on('watch', (request, response) => response.writeHead(200).write(bookmarkOf(request))),
      'idle-timeout'
    ),
    timing: IMPATIENT
  },
  'half open, without a word': {
    ...later(
      on('watch', (_request, response) => response.writeHead(200).flushHeaders()),
      'idle-timeout'
    ),
    timing: IMPATIENT
  },
  'it ends at once': later(answering('watch', ''), 'idle-timeout'),
  'it ends at once, after a word': {
    play: ({ api }) => {
      api.fault = on('watch', (request, response) => response.writeHead(200).end(bookmarkOf(request)))
      api.endWatches(POLICIES)
    },
    meanwhile: 'synced',
    heal
  },
  'it breaks at once': later(
    on('watch', (_request, response) => {
      response.writeHead(200).flushHeaders()
      setTimeout(() => response.destroy(), 1)
    }),
    'idle-timeout'
  ),
  'it breaks in the middle of an object': later(
    on('watch', (request, response) => {
      response.writeHead(200).write(bookmarkOf(request) + HALF)
      setTimeout(() => response.destroy(), 10)
    }),
    'unreachable'
  ),
  'it ends in the middle of an object': {
    play: ({ api }) => {
      api.say(POLICIES, HALF)
      api.endWatches(POLICIES)
    },
    reason: 'malformed'
  }
}
