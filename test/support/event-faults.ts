import { setTimeout as sleep } from 'node:timers/promises'
import { type ApiServer, toEvent } from './api-server.ts'
import { type FaultCase, heal, onRequest, respondWithText } from './fault.ts'
import { KIND, POLICIES, policy, SHORT_IDLE_TIMEOUTS } from './watch-harness.ts'

/** The server sends this text to all watches. */
const sends = (text: string | Buffer | ((api: ApiServer) => string), reason: string, malformed = 0): FaultCase => ({
  play: ({ api }) => api.writeToWatches(POLICIES, typeof text === 'function' ? text(api) : text),
  reason,
  check: (t, watched) => {
    t.equal(watched.health().counters.malformed, malformed)
    t.ok(watched.health().counters.relists >= 1, 'the collection was relisted')
  }
})
const isMalformed = (text: string | Buffer) => sends(text, 'malformed', 1)

const event = (type: string, version: unknown, more: object = {}) =>
  toEvent(type, {
    apiVersion: 'security.istio.io/v1beta1',
    kind: KIND,
    metadata: { namespace: 'b', name: 'default', resourceVersion: version },
    ...more
  })
const failed = (code: number) => toEvent('ERROR', { kind: 'Status', code, message: 'expected' })
/** An object of the server as an event. */
const eventOf = (type: string, api: ApiServer, namespace: string) =>
  toEvent(type, api.objects(POLICIES).find(({ metadata }) => metadata.namespace === namespace) ?? {})
const LATER = '999999'

/** Faults in the events of a watch. */
export const EVENT_FAULTS: Readonly<Record<string, FaultCase>> = {
  'ERROR 410, stream stays open': sends(failed(410), 'expired'),
  'ERROR 410, stream ends': {
    play: ({ api }) => {
      api.writeToWatches(POLICIES, failed(410))
      api.endWatches(POLICIES)
    },
    reason: 'expired'
  },
  'ERROR 410 on every watch': {
    play: ({ api }) => {
      api.fault = respondWithText('watch', failed(410))
      api.endWatches(POLICIES)
    },
    reason: 'expired',
    heal
  },
  'ERROR 500, stream stays open': sends(failed(500), 'ended'),
  'ERROR without status and message': sends(toEvent('ERROR', {}), 'ended'),
  'invalid JSON': isMalformed('{"type":\n'),
  'invalid UTF-8': isMalformed(Buffer.from([0xff, 0xfe, 0x00, 0x80, 0x0a])),
  'JSON that is not an object': isMalformed('null\n42\n"x"\n[]\n'),
  'null object': isMalformed('{"type":"ADDED","object":null}\n'),
  'object without metadata': isMalformed(event('ADDED', LATER, { metadata: undefined })),
  'object without resourceVersion': isMalformed(event('ADDED', undefined)),
  'bookmark without resourceVersion': isMalformed(toEvent('BOOKMARK', {})),
  'unknown event type': isMalformed(event('RENAMED', LATER)),
  'object of another kind': isMalformed(event('ADDED', LATER, { kind: 'Gateway' })),
  'event with an older resourceVersion': sends(event('MODIFIED', '1'), 'version-regressed'),
  'bookmark with an older resourceVersion': sends(
    toEvent('BOOKMARK', { metadata: { resourceVersion: '1' } }),
    'version-regressed'
  ),
  'last event is repeated': {
    play: async ({ api }) => {
      api.put(POLICIES, policy('b', 'DISABLE'))
      for (let i = 0; i < 3; i++) api.writeToWatches(POLICIES, eventOf('MODIFIED', api, 'b'))
    },
    meanwhile: 'synced',
    check: (t, watched) => t.equal(watched.health().counters.relists, 0)
  },
  'all events are repeated': {
    play: async ({ api }) => {
      api.put(POLICIES, policy('c'))
      for (const namespace of ['a', 'b', 'c']) api.writeToWatches(POLICIES, eventOf('ADDED', api, namespace))
    },
    reason: 'version-regressed'
  },
  'object that cannot be parsed': {
    play: ({ api }) => api.put(POLICIES, policy('b', ['STRICT'])),
    meanwhile: 'synced',
    check: (t, { parseErrors }) => t.match(parseErrors, [/^PeerAuthentication b\/default: spec\.mtls\.mode: /])
  },
  'object deleted and recreated': {
    play: ({ api }) => {
      api.remove(POLICIES, 'b/default')
      api.put(POLICIES, policy('b', 'DISABLE'))
    },
    meanwhile: 'synced'
  },
  'object deleted and recreated while the watch is down': {
    play: ({ api }) => {
      api.fault = onRequest('watch', (_request, response) => response.destroy())
      api.endWatches(POLICIES)
      api.remove(POLICIES, 'b/default')
      api.put(POLICIES, policy('b', 'DISABLE'))
    },
    reason: 'unreachable',
    heal
  },
  'deletion without an event, followed by ERROR 410': {
    play: ({ api }) => {
      api.removeSilently(POLICIES, 'b/default')
      api.writeToWatches(POLICIES, failed(410))
    },
    reason: 'expired'
  },
  'deletion without an event is found by the periodic relist': {
    timing: { relistIntervalMs: 50 },
    play: async ({ api }) => {
      api.removeSilently(POLICIES, 'b/default')
      await sleep(100)
      api.endWatches(POLICIES)
    },
    check: (t, watched) => t.ok(watched.health().counters.relists >= 1)
  },
  'resourceVersions go back after a restore': {
    timing: SHORT_IDLE_TIMEOUTS,
    play: ({ api }) => {
      api.rewind(10)
      api.put(POLICIES, policy('c'))
    },
    reason: 'version-regressed'
  },
  'two API servers, one of which lags behind': {
    play: ({ api }) => {
      let count = 0
      const lagging = onRequest('any', (request, response) => {
        const metadata = { resourceVersion: '900' }
        const old = { apiVersion: 'security.istio.io/v1beta1', kind: `${KIND}List`, metadata, items: [] }
        const isWatch = request.searchParams.has('watch')
        response.writeHead(200).end(isWatch ? toEvent('BOOKMARK', { metadata }) : JSON.stringify(old))
      })
      api.fault = (...args) => count++ % 2 === 0 && lagging(...args)
      api.endWatches(POLICIES)
    },
    reason: 'version-regressed',
    heal
  },
  'event of 2 MB': {
    play: ({ api }) => api.put(POLICIES, { ...policy('big'), padding: 'x'.repeat(2_000_000) }),
    meanwhile: 'synced'
  }
}
