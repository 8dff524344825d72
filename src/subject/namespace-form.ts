import { KINDS, type Kind } from '../state/resource.ts'
import type { Snapshot } from '../state/snapshot.ts'
import { textIn } from './normal-form.ts'
import { isHidden, type OwnObjects } from './own-objects.ts'
import type { WordIndex } from './word-index.ts'

/** Label of each namespace with its own name. */
const NAME_LABEL = 'kubernetes.io/metadata.name'
/** Not a valid label. */
const UNKNOWN = '?'

/**
 * Normal form of a namespace without its models. Namespaces with equal forms share class evaluations. One with an object that an
 * evaluation can report, or that others name, is its own form.
 */
export function namespaceForm(snapshot: Snapshot, namespace: string, own: OwnObjects, words: WordIndex): string {
  const relation = words.relationOf(namespace)
  const listCommon = (kind: Kind) => snapshot.list(kind, namespace).filter(one => !isHidden(own, one))
  const isReported = REPORTED.some(kind => listCommon(kind).length > 0)
  if (isReported || relation === namespace) return namespace
  const found = snapshot.get('Namespace', '', namespace)
  // Labels of a Namespace that is not in the state are not known.
  const { [NAME_LABEL]: _, ...labels } = found?.labels ?? { [UNKNOWN]: '' }
  const common = SHARED.flatMap(kind => snapshot.list(kind, namespace).filter(one => !isHidden(own, one)))
  const toText = textIn({ model: { name: namespace, namespace, status: undefined }, objects: [] }, words)
  const toPlain = (one: (typeof common)[number]) =>
    toText({ ...one, owner: undefined, name: one.kind === 'Pod' ? '' : one.name })
  const texts = new Set(common.map(toPlain))
  return JSON.stringify([relation, Object.entries(labels).sort(), own.callers.map(toPlain), [...texts].sort()])
}

/** Kinds that findings do not report as the object at fault. */
const SHARED = ['Pod', 'Service', 'EndpointSlice'] as const
const REPORTED = (Object.keys(KINDS) as Kind[]).filter(
  kind => !('cluster' in KINDS[kind]) && kind !== 'InferenceService' && !SHARED.some(one => one === kind)
)
