import { setTimeout as sleep } from 'node:timers/promises'
import { type ApiServer, toEvent } from './api-server.ts'
import { answering, heal, on, type Row } from './fault.ts'
import { IMPATIENT, KIND, POLICIES, policy } from './watch-harness.ts'

/** The server says this to those who watch. */
const says = (text: string | Buffer | ((api: ApiServer) => string), reason: string, malformed = 0): Row => ({
  play: ({ api }) => api.say(POLICIES, typeof text === 'function' ? text(api) : text),
  reason,
  check: (t, watched) => {
    t.equal(watched.evidence().counters.malformed, malformed)
    t.ok(watched.evidence().counters.relists >= 1, 'it was listed anew')
  }
})
const isMalformed = (text: string | Buffer) => says(text, 'malformed', 1)

const event = (type: string, version: unknown, more: object = {}) =>
  toEvent(type, {
    apiVersion: 'security.istio.io/v1beta1',
    kind: KIND,
    metadata: { namespace: 'b', name: 'default', resourceVersion: version },
    ...more
  })
const failed = (code: number) => toEvent('ERROR', { kind: 'Status', code, message: 'told so' })
/** What the server has under a name, as an event. */
const told = (type: string, api: ApiServer, namespace: string) =>
  toEvent(type, api.objects(POLICIES).find(({ metadata }) => metadata.namespace === namespace) ?? {})
const LATER = '999999'

/** What can be wrong with what a watch says. */
export const EVENT_FAULTS: Readonly<Record<string, Row>> = {
  '410, and the stream stays open': says(failed(410), 'expired'),
  '410, and the stream ends': {
    play: ({ api }) => {
      api.say(POLICIES, failed(410))
      api.endWatches(POLICIES)
    },
    reason: 'expired'
  },
  '410 at each watch': {
    play: ({ api }) => {
      api.fault = answering('watch', failed(410))
      api.endWatches(POLICIES)
    },
    reason: 'expired',
    heal
  },
  '500, and the stream stays open': says(failed(500), 'ended'),
  'an error without a word': says(toEvent('ERROR', {}), 'ended'),
  'no JSON': isMalformed('{"type":\n'),
  'bytes without meaning': isMalformed(Buffer.from([0xff, 0xfe, 0x00, 0x80, 0x0a])),
  'JSON with nothing in it': isMalformed('null\n42\n"x"\n[]\n'),
  'no object': isMalformed('{"type":"ADDED","object":null}\n'),
  'an object without metadata': isMalformed(event('ADDED', LATER, { metadata: undefined })),
  'an object without a version': isMalformed(event('ADDED', undefined)),
  'a bookmark without a version': isMalformed(toEvent('BOOKMARK', {})),
  'an unknown type': isMalformed(event('RENAMED', LATER)),
  'another kind': isMalformed(event('ADDED', LATER, { kind: 'Gateway' })),
  'an old version': says(event('MODIFIED', '1'), 'version-regressed'),
  'an old bookmark': says(toEvent('BOOKMARK', { metadata: { resourceVersion: '1' } }), 'version-regressed'),
  'the last event once more': {
    play: async ({ api }) => {
      api.put(POLICIES, policy('b', 'DISABLE'))
      for (let i = 0; i < 3; i++) api.say(POLICIES, told('MODIFIED', api, 'b'))
    },
    meanwhile: 'synced',
    check: (t, watched) => t.equal(watched.evidence().counters.relists, 0)
  },
  'all from the beginning once more': {
    play: async ({ api }) => {
      api.put(POLICIES, policy('c'))
      for (const namespace of ['a', 'b', 'c']) api.say(POLICIES, told('ADDED', api, namespace))
    },
    reason: 'version-regressed'
  },
  'an object that cannot be read': {
    play: ({ api }) => api.put(POLICIES, policy('b', ['STRICT'])),
    meanwhile: 'synced',
    check: (t, { faults }) => t.match(faults, [/^PeerAuthentication b\/default: spec\.mtls\.mode: /])
  },
  'deleted and made again, in one go': {
    play: ({ api }) => {
      api.remove(POLICIES, 'b/default')
      api.put(POLICIES, policy('b', 'DISABLE'))
    },
    meanwhile: 'synced'
  },
  'deleted and made again, unseen': {
    play: ({ api }) => {
      api.fault = on('watch', (_request, response) => response.destroy())
      api.endWatches(POLICIES)
      api.remove(POLICIES, 'b/default')
      api.put(POLICIES, policy('b', 'DISABLE'))
    },
    reason: 'unreachable',
    heal
  },
  'a deletion that nobody was told of, until the server says that it lost the thread': {
    play: ({ api }) => {
      api.lose(POLICIES, 'b/default')
      api.say(POLICIES, failed(410))
    },
    reason: 'expired'
  },
  'a deletion that nobody is ever told of': {
    timing: { relistIntervalMs: 50 },
    play: async ({ api }) => {
      api.lose(POLICIES, 'b/default')
      await sleep(100)
      api.endWatches(POLICIES)
    },
    check: (t, watched) => t.ok(watched.evidence().counters.relists >= 1)
  },
  'the versions go back': {
    timing: IMPATIENT,
    play: ({ api }) => {
      api.rewind(10)
      api.put(POLICIES, policy('c'))
    },
    reason: 'version-regressed'
  },
  'two servers, of which one lags behind': {
    play: ({ api }) => {
      let asked = 0
      const lagging = on('any', (request, response) => {
        const metadata = { resourceVersion: '900' }
        const old = { apiVersion: 'security.istio.io/v1beta1', kind: `${KIND}List`, metadata, items: [] }
        const isWatch = request.searchParams.has('watch')
        response.writeHead(200).end(isWatch ? toEvent('BOOKMARK', { metadata }) : JSON.stringify(old))
      })
      api.fault = (...args) => asked++ % 2 === 0 && lagging(...args)
      api.endWatches(POLICIES)
    },
    reason: 'version-regressed',
    heal
  },
  '2 MB in one line': {
    play: ({ api }) => api.put(POLICIES, { ...policy('big'), padding: 'x'.repeat(2_000_000) }),
    meanwhile: 'synced'
  }
}
