import t from 'tap'
import { sendStatus } from '../../support/api-server.ts'
import { onRequest } from '../../support/fault.ts'
import { waitUntil } from '../../support/wait-until.ts'
import { POLICIES, policy, startWithPolicies, watch } from '../../support/watch-harness.ts'

const COUNT = 50_000
/** Page whose continue token has expired. */
const EXPIRED_PAGE = 100

t.setTimeout(90_000)

t.test('a list of 50,000 objects restarts after its continue token expires', async t => {
  const api = await startWithPolicies(t)
  for (let i = 0; i < COUNT; i++) api.put(POLICIES, policy(`n${i}`))
  let pages = 0
  api.fault = onRequest('list', (request, response) => {
    pages++
    if (pages === EXPIRED_PAGE) sendStatus(response, 410, 'the provided continue parameter is too old')
    else api.respond(request, response)
  })
  const watched = await watch(t, api)
  let longestMs = 0
  let lastMs = performance.now()
  const timer = setInterval(() => {
    longestMs = Math.max(longestMs, performance.now() - lastMs)
    lastMs = performance.now()
  }, 1)
  const startedMs = performance.now()
  await waitUntil('all objects are cached', () => watched.health().objects === COUNT + 2, 60_000)
  const tookMs = performance.now() - startedMs
  clearInterval(timer)
  await watched.waitForSync()
  t.equal(pages, EXPIRED_PAGE + Math.ceil((COUNT + 2) / 100))
  t.comment(`${Math.round(tookMs)} ms, longest event loop block ${Math.round(longestMs)} ms`)
})
