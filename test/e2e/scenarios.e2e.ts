/** Scenarios on a real API server with the guard installed by the chart. */
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import { z } from 'zod'
import { createCa, DAY_MS, issueServingCertificate } from '../../src/controller/certificate.ts'
import { NAME } from '../../src/controller/names.ts'
import { type Named, readOwnScenario, SCENARIOS } from '../support/scenarios.ts'
import { install, NAMESPACE } from './installation.ts'
import { createResettableCluster, isNamespace, toSent } from './test-env.ts'
import { createProbes } from './watching.ts'

const validity = { notBeforeMs: Date.now() - DAY_MS, notAfterMs: Date.now() + 60 * DAY_MS }
const ca = await createCa('scenarios', { ...validity, notAfterMs: Date.now() + 300 * DAY_MS })
const servingCertificate = await issueServingCertificate(ca, [`${NAME}.${NAMESPACE}.svc`], validity)
const first = readOwnScenario(SCENARIOS[0] ?? '').cluster.filter(({ name }) => isNamespace(name))
const { kubectl, startWithoutWebhooks, startReplica } = await install(t, ca, servingCertificate, {
  examples: [],
  prepare: async ({ must }) => {
    await must(['create', '-f', '-'], first.map(({ text }) => text).join('---\n'))
  }
})
const { until } = createProbes(kubectl, line => t.comment(line))
const withoutWebhooks = await startWithoutWebhooks()
const replica = await startReplica()
await until('readiness', async () => (await fetch(`${replica.health}/readyz`)).status === 200)
await until('fail closed', async () => {
  const { out } = await kubectl([
    'get',
    'validatingwebhookconfiguration',
    NAME,
    '-o',
    'jsonpath={.webhooks[0].failurePolicy}'
  ])
  return out === 'Fail'
})

const stage = createResettableCluster(withoutWebhooks, first)

const expectation = z.object({
  operation: z.enum(['CREATE', 'UPDATE', 'DELETE', 'APPLY']),
  subresource: z.literal('status').optional(),
  expect: z.object({
    decision: z.string(),
    mutated: z.record(z.string(), z.string()).default({}),
    notMutated: z.array(z.string()).default([]),
    steps: z.array(z.object({ decision: z.string() })).optional()
  })
})
type Expectation = z.output<typeof expectation>

/** Decisions in the log of the guard. */
const decisions = () =>
  replica
    .logs()
    .split('\n')
    .filter(line => line.includes('"msg":"admission decision"'))
    .map((line): string => JSON.parse(line).decision)

const LOG_MS = 200

/** Applies a change. @returns the decision; `allow` if the webhook was not called */
async function apply(
  t: Pick<Test, 'equal'>,
  { name, text }: Named,
  { operation, subresource }: Expectation
): Promise<string> {
  const flags = subresource === undefined ? [] : [`--subresource=${subresource}`]
  const isDelete = operation === 'DELETE'
  const verbs = isDelete ? ['delete'] : [stage.has(name) ? 'replace' : 'create', '--validate=false']
  const before = decisions().length
  const { code, err } = await kubectl([...verbs, ...flags, '-f', '-'], toSent(text))
  await sleep(LOG_MS)
  const decision =
    decisions()
      .slice(before)
      .find(one => one !== 'allow') ?? 'allow'
  const isDenied = /admission webhook "\S*validate\.mesh-guard\.io" denied the request/.test(err)
  if (code !== 0 && !isDenied) throw new Error(err)
  t.equal(isDenied, decision === 'deny', `${name}: API server enforces the decision`)
  if (!isDenied) stage.changed(name, isDelete ? undefined : text)
  return decision
}

const SEVERITY = ['allow', 'warn', 'deny']
/** Time for the guard to observe a change. */
const SETTLE_MS = 500

/** Scenarios of distributions have objects that this API server refuses: addresses of other networks, webhooks cut short. */
const ACCEPTED = SCENARIOS.filter(name => /^[\dw]/.test(name))

for (const name of ACCEPTED) {
  await t.test(name, async t => {
    const { scenario, cluster, change } = readOwnScenario(name)
    const expected = expectation.parse(scenario)
    await stage.set(cluster)
    const made: string[] = []
    for (const one of change) {
      await sleep(SETTLE_MS)
      made.push(await apply(t, one, expected))
    }
    const { decision, steps, mutated, notMutated } = expected.expect
    t.equal(SEVERITY[Math.max(...made.map(one => SEVERITY.indexOf(one)))], decision)
    if (steps !== undefined) {
      t.same(
        made,
        steps.map(step => step.decision)
      )
    }
    const pointers = [...Object.keys(mutated), ...notMutated]
    if (pointers.length === 0 || decision === 'deny') return
    const [{ text } = { text: '' }] = change
    const { out } = await kubectl(['get', '-o', 'json', '-f', '-'], text)
    const [result] = JSON.parse(out).items
    const wanted = (pointer: string) => mutated[pointer] ?? valueAt(parse(text), pointer)
    for (const pointer of pointers) t.equal(valueAt(result, pointer), wanted(pointer), pointer)
  })
}

/** @see https://www.rfc-editor.org/rfc/rfc6901 */
function valueAt(object: unknown, pointer: string): unknown {
  const keys = pointer.split('/').slice(1)
  return keys.reduce((at: unknown, key) => Object(at)[key.replaceAll('~1', '/').replaceAll('~0', '~')], object)
}
