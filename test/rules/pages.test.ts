import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Recorder } from '../../src/engine/recorder.ts'
import { RULES } from '../../src/rules/index.ts'
import { placesOf } from '../support/cases.ts'
import { readPage } from '../support/page.ts'
import { stockWith } from '../support/state.ts'

const HEADINGS = ['Why', 'Bad', 'Good', 'Fix', 'Known limits']

for (const { id, summary } of [...Object.values(RULES.cuts), ...RULES.checks]) {
  t.test(id, async t => {
    const { head, sections } = readPage(id)
    t.equal(head, `# ${id}\n\n${summary}\n`, 'title and summary')
    t.ok(summary.length <= 80, 'a summary fits a line')
    t.same(
      sections.map(({ heading }) => heading),
      HEADINGS
    )
    const [why, bad, good] = sections
    t.match(why?.text, /\]\(https:\/\//, 'the mechanism has a source')
    t.not(placesOf(id, bad?.yaml ?? '').length, 0, 'the bad example is found')
    t.same(placesOf(id, good?.yaml ?? ''), [], 'the good example is not')
    t.ok(existsSync(join(import.meta.dirname, `${id}.test.ts`)), 'there is a test of its own')
  })
}

/** What no page shows, but rules look at. */
const ODD = `
apiVersion: v1
kind: Service
metadata: { namespace: istio-system, name: knative-local-gateway }
spec: { ports: [{ port: 80 }] }
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { namespace: istio-system, name: default }
spec: { mtls: { mode: STRICT } }
---
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: { namespace: user1, name: without-pods }
spec: { predictor: { model: { modelFormat: { name: sklearn } } } }
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { namespace: user1, name: not-user2 }
spec: { action: DENY, rules: [{ from: [{ source: { namespaces: [user2] } }] }] }
---
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: { namespace: user1, name: issuer }
spec: { jwtRules: [{ issuer: "https://issuer.example.com" }] }
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { namespace: user1, name: ports }
spec: { selector: { matchLabels: { component: predictor } }, portLevelMtls: { 80: { mode: PERMISSIVE } } }
`

for (const { id, on, reads, check } of RULES.checks) {
  t.test(`${id} reads what it declares`, async t => {
    const read = new Set<string>(on)
    for (const yaml of [ODD, ...readPage(id).sections.map(section => section.yaml)]) {
      const state = stockWith(yaml)
      const view = new Recorder(state)
      for (const kind of on) for (const subject of state.list(kind)) Array.from(check(subject, view))
      for (const kind of view.reads) read.add(kind)
    }
    t.same([...read].sort(), [...new Set([...on, ...reads])].sort())
  })
}
