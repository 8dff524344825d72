/** Captures of random clusters. */
import { deepStrictEqual } from 'node:assert'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { keyOf } from '../../src/engine/admission-step.ts'
import { decideState } from '../../src/engine/decide.ts'
import { DEFAULT_POLICY } from '../../src/engine/to-findings.ts'
import { anonymizer } from '../../src/report/anonymize.ts'
import { captureObjects } from '../../src/report/capture.ts'
import { RULES } from '../../src/rules/index.ts'
import { readFiles } from '../../src/sources/files.ts'
import { readRef, readResource } from '../../src/sources/manifest.ts'
import type { Resource } from '../../src/state/resource.ts'
import { Snapshot } from '../../src/state/snapshot.ts'
import { annotationFilter } from '../../src/subject/annotations.ts'
import { property } from '../support/property.ts'
import { type Manifest, read, someObjects } from '../support/random-cluster.ts'
import { equalModels } from '../support/random-models.ts'

const STOCK = readFiles([join(import.meta.dirname, '../../examples/cluster')]).flatMap(({ object, resource }) =>
  resource === undefined ? [] : [object]
)

const NOTE = 'example.com/note'

/** Fields that a live object has and that nothing reads. */
const withNoise = ({ metadata, ...rest }: Manifest) => ({
  ...rest,
  metadata: {
    ...metadata,
    uid: 'e3b0c442',
    resourceVersion: '17',
    generation: 3,
    managedFields: [{ manager: 'kubectl', fieldsV1: { 'f:spec': {} } }],
    annotations: {
      ...(metadata['annotations'] as object | undefined),
      'kubectl.kubernetes.io/last-applied-configuration': '{"spec":{"password":"secret"}}',
      [NOTE]: 'secret'
    }
  }
})

/** A cluster with the objects of the example cluster, of which the random ones replace some. */
function clusterOf(manifests: readonly Manifest[]) {
  const all = [...(STOCK as readonly Manifest[]), ...manifests].map(withNoise)
  const objects = [...new Map(all.map(object => [keyOf(readRef(object)), object])).values()]
  return { objects, state: Snapshot.of(objects.map(read)), namespaces: undefined }
}

const decisionOf = (state: Snapshot) => decideState(state, RULES, DEFAULT_POLICY)
const anyCluster = fc.oneof(someObjects, equalModels)

property(t, 'a captured object reads as the object', anyCluster, 100, manifests => {
  const source = clusterOf(manifests)
  const readsAnnotation = annotationFilter(source.state)
  const reduced = ({ annotations, ...resource }: Resource) => ({
    ...resource,
    annotations: Object.fromEntries(Object.entries(annotations).filter(([key]) => readsAnnotation(key)))
  })
  const captured = captureObjects(source, readResource).map(read)
  const byKey = (objects: readonly Resource[]) => new Map(objects.map(one => [keyOf(one), reduced(one)]))
  deepStrictEqual(byKey(captured), new Map([...byKey(source.objects.map(read))].sort(orderOf(captured))))
})

/** Order of other objects. */
function orderOf(objects: readonly Resource[]) {
  const order = new Map(objects.map((one, i) => [keyOf(one), i]))
  return ([a]: readonly [string, unknown], [b]: readonly [string, unknown]) => (order.get(a) ?? 0) - (order.get(b) ?? 0)
}

property(t, 'a capture has the decision of its cluster', anyCluster, 60, manifests => {
  const source = clusterOf(manifests)
  const captured = captureObjects(source, readResource)
  deepStrictEqual(decisionOf(Snapshot.of(captured.map(read))), withoutNotes(decisionOf(source.state)))
})

/** Without the annotation that a fix, which writes the whole object, copies from the cluster. */
function withoutNotes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNotes)
  if (typeof value !== 'object' || value === null) return value
  const { annotations, ...rest } = Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, withoutNotes(one)])
  )
  const { [NOTE]: _, ...kept } = Object(annotations)
  return Object.keys(kept).length === 0 ? rest : { ...rest, annotations: kept }
}

property(t, 'a capture has nothing that no decision reads', anyCluster, 20, manifests => {
  const text = JSON.stringify(captureObjects(clusterOf(manifests), readResource))
  deepStrictEqual(/secret"|managedFields|resourceVersion|e3b0c442|generation"|last-applied/.exec(text), null)
})

property(t, 'an anonymized capture has the decision of its cluster, up to the names', anyCluster, 150, manifests => {
  const source = clusterOf(manifests)
  const { objects, text } = anonymizer(source.state, captureObjects(source, readResource))
  const found = decisionOf(Snapshot.of(objects.map(read)))
  deepStrictEqual(
    summaryOf(found, name => name),
    summaryOf(decisionOf(source.state), text)
  )
})

/** A decision without its messages, which have words that may also be names. */
function summaryOf(
  { decision, findings, notEvaluated }: ReturnType<typeof decisionOf>,
  rename: (text: string) => string
) {
  const sorted = (all: readonly unknown[]) => all.map(one => rename(JSON.stringify(one))).sort()
  return {
    decision,
    findings: sorted(
      findings.map(({ rule, mode, object, field, blocked, exposes }) => ({
        rule,
        mode,
        object,
        field,
        blocked,
        exposes
      }))
    ),
    notEvaluated: sorted(notEvaluated.map(({ rule }) => rule))
  }
}
