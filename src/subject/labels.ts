import type { Labels } from '../text/selector.ts'
import type { TextDiff } from './counts.ts'
import type { WordIndex } from './word-index.ts'
import { mentions, TEMPLATE } from './words.ts'

/** Label and annotation groups that Istio, Knative, KServe or this webhook reads. */
const GROUPS = /(^|\.)(istio\.io|knative\.dev|kserve\.io|mesh-guard\.io|opendatahub\.io)\//
/** Keys of these groups with values that differ for each object and that nothing reads. */
const BOOKKEEPING = /^internal\.|UID$|Generation$|\/(creator|lastModifier)$/

/** True if a key belongs to a group that is read; most values of other keys are only matched by selectors. */
export const isReadKey = (key: string): boolean => GROUPS.test(key) && !BOOKKEEPING.test(key)

/** Labels of KServe without a group. */
const KSERVE_LABELS = ['app', 'component']
/** Value that no selector matches. */
const OTHER = '?'

/** Where labels and annotations are, and what can match on them. */
export interface LabelContext {
  readonly name: string
  readonly words: Pick<WordIndex, 'hasValue'>
  /** Keys and values of the selectors of the model's own Services. */
  readonly selected: ReadonlySet<string>
}

/**
 * Labels or annotations that can be matched or read, sorted. The evaluation sees only these: what is forgotten here does not exist
 * for any model.
 */
export function reduceLabels(labels: Labels, { name, words, selected }: LabelContext): Labels {
  const isWord = (text: string) => selected.has(text) || words.hasValue(text)
  const reduced: Record<string, string> = {}
  for (const key of Object.keys(labels).sort()) {
    const value = labels[key] as string
    const isRead = isReadKey(key) || words.hasValue(`${TEMPLATE}${key}`)
    if (isRead || KSERVE_LABELS.includes(key) || isWord(key))
      reduced[key] = isRead || mentions(value, name) || isWord(value) || KSERVE_VALUES.has(value) ? value : OTHER
  }
  return reduced
}

const KSERVE_VALUES = new Set(['predictor', 'transformer', 'explainer'])

/** True if one of the words is a key or value of these labels or annotations. */
export function isMatched(labels: Labels, changed: Pick<TextDiff, 'has'>): boolean {
  for (const key in labels)
    if (changed.has(key) || changed.has(labels[key] as string) || changed.has(`${TEMPLATE}${key}`)) return true
  return false
}
