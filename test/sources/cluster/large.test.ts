import t from 'tap'
import { refuse } from '../../support/api-server.ts'
import { on } from '../../support/fault.ts'
import { until } from '../../support/wait-until.ts'
import { POLICIES, policy, startWithPolicies, watch } from '../../support/watch-harness.ts'

const COUNT = 50_000
/** The page for which the server no longer has the history. */
const EXPIRED = 100

t.setTimeout(90_000)

t.test('50,000 objects, of which the list expires midway', async t => {
  const api = await startWithPolicies(t)
  for (let i = 0; i < COUNT; i++) api.put(POLICIES, policy(`n${i}`))
  let pages = 0
  api.fault = on('list', (request, response) => {
    pages++
    if (pages === EXPIRED) refuse(response, 410, 'the provided continue parameter is too old')
    else api.answer(request, response)
  })
  const watched = await watch(t, api)
  let longestMs = 0
  let lastMs = performance.now()
  const timer = setInterval(() => {
    longestMs = Math.max(longestMs, performance.now() - lastMs)
    lastMs = performance.now()
  }, 1)
  const startedMs = performance.now()
  await until('all are there', () => watched.evidence().objects === COUNT + 2, 60_000)
  const tookMs = performance.now() - startedMs
  clearInterval(timer)
  await watched.settle()
  t.equal(pages, EXPIRED + Math.ceil((COUNT + 2) / 100))
  t.comment(`${Math.round(tookMs)} ms, the longest without a breath ${Math.round(longestMs)} ms`)
})
