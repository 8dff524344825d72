import { deepStrictEqual, ok } from 'node:assert'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { evaluate, skippedBy } from '../../src/engine/incremental/evaluate.ts'
import { RULES } from '../../src/rules/index.ts'
import { InvalidObject, readResource } from '../../src/sources/manifest.ts'
import { KINDS } from '../../src/state/resource.ts'
import { Snapshot } from '../../src/state/snapshot.ts'
import { property } from '../support/property.ts'
import { objectsWith } from '../support/random-cluster.ts'
import { fromSchema, type Schema } from '../support/schema-arbitrary.ts'

const definition = z.object({
  spec: z.object({
    group: z.string(),
    names: z.object({ kind: z.string() }),
    scope: z.string(),
    versions: z.array(
      z.object({
        name: z.string(),
        schema: z.object({ openAPIV3Schema: z.object({ properties: z.record(z.string(), z.custom<Schema>()) }) })
      })
    )
  })
})

const DEFINITIONS = ['istio', 'kserve']
  .map(name => readFileSync(join(import.meta.dirname, `../e2e/crds/${name}.yaml`), 'utf8'))
  .flatMap(text => parseAllDocuments(text))
  .map(document => definition.parse(document.toJS()).spec)
  .filter(({ names }) => names.kind in KINDS)

const stock = objectsWith([])
const name = fc.constantFrom('default', 'knative-local-gateway', 'sklearn-iris', 'webhook')
const namespace = fc.constantFrom('user1', 'istio-system', 'knative-serving')

for (const { group, names, scope, versions } of DEFINITIONS) {
  const { kind } = names
  const objects = fc.oneof(
    ...versions.map(({ name: version, schema: { openAPIV3Schema } }) => {
      const { spec = {}, status = {} } = openAPIV3Schema.properties
      const metadata = scope === 'Cluster' ? fc.record({ name }) : fc.record({ namespace, name })
      const body = { metadata, spec: fromSchema(spec), status: fc.option(fromSchema(status), { nil: undefined }) }
      return fc.record(body).map(one => ({ apiVersion: `${group}/${version}`, kind, ...one }))
    })
  )
  /** True if the schema leaves the spec open; objects that the KServe Go types reject are then unreadable. */
  const isSpecOpen = versions.some(({ schema }) => schema.openAPIV3Schema.properties['spec']?.properties === undefined)

  property(t, `every ${kind} that the schema allows is evaluated`, objects, 25, object => {
    let resource: ReturnType<typeof readResource>
    try {
      resource = readResource(object)
    } catch (error) {
      ok(isSpecOpen && error instanceof InvalidObject, String(error))
      return
    }
    ok(resource !== undefined)
    const skipped = skippedBy(evaluate(Snapshot.of([...stock, resource]), RULES))
    deepStrictEqual(skipped, [])
  })
}
