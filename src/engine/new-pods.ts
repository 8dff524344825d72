import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { isPropagated } from '../kserve/annotation-propagation.ts'
import { withoutRedaction } from '../state/redacted.ts'
import type { Change, View } from '../state/snapshot.ts'

const metadata = z.looseObject({ labels: z.unknown().optional(), annotations: z.unknown().optional() })
export const manifest = z.looseObject({ metadata, spec: z.unknown().optional() })

/**
 * True if the update of an InferenceService creates new pods: a different spec, label or propagated annotation creates a
 * revision, which loads the model again. Compares the objects as they were sent, because the model does not read every
 * field of the pod template (image, storageUri, resources).
 */
export function createsPods(view: View<'ConfigMap'>, { before, after, sent }: Change): boolean {
  if (before?.kind !== 'InferenceService' || after?.kind !== 'InferenceService') return false
  if (sent === undefined) return differ(view, before, after)
  const now = toTemplate(sent.object)
  // Most objects have no redacted values, and a copy of a long one without them takes as long as the comparison.
  return (
    differ(view, toTemplate(sent.oldObject), now) &&
    differ(view, toTemplate(withoutRedaction(sent.oldObject, sent.object)), now)
  )
}

interface Template {
  readonly spec?: unknown
  readonly labels?: unknown
  readonly annotations?: unknown
}

function differ(view: View<'ConfigMap'>, then: Template, now: Template): boolean {
  const propagated = (annotations: unknown) =>
    Object.entries(annotations ?? {})
      .filter(([key]) => isPropagated(view, key))
      .sort()
  return (
    !isDeepStrictEqual(now.spec, then.spec) ||
    !isDeepStrictEqual(now.labels ?? {}, then.labels ?? {}) ||
    !isDeepStrictEqual(propagated(now.annotations), propagated(then.annotations))
  )
}

function toTemplate(object: unknown): Template {
  const {
    metadata: { labels, annotations },
    spec
  } = manifest.parse(object)
  return { spec, labels, annotations }
}
