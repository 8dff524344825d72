import t from 'tap'

import { runOwnScenario, SCENARIOS } from './support/scenarios.ts'

for (const name of SCENARIOS) {
  t.test(name, async t => {
    t.same(await runOwnScenario(name), [])
  })
}
