import type { Tristate } from './tristate.ts'

export type Labels = Readonly<Record<string, string>>

/** True if `labels` has all of the required labels; always true if none are required. */
export function hasLabels(labels: Labels, required: Labels): boolean {
  for (const key in required) if (labels[key] !== required[key]) return false
  return true
}

export function isEmpty(labels: Labels): boolean {
  return Object.keys(labels).length === 0
}

export interface LabelSelector {
  readonly matchLabels: Labels
  readonly matchExpressions: readonly {
    readonly key: string
    readonly operator: string
    readonly values: readonly string[]
  }[]
}

/**
 * True if a Kubernetes label selector of a webhook selects these labels. An absent selector selects everything, an
 * unknown operator nothing.
 * @see https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
 */
export function selects(selector: LabelSelector | undefined, labels: Labels): boolean {
  if (selector === undefined) return true
  return (
    hasLabels(labels, selector.matchLabels) &&
    selector.matchExpressions.every(one => matchesExpression(one, labelValue(labels, one.key)))
  )
}

const labelValue = (labels: Labels, key: string) => (Object.hasOwn(labels, key) ? labels[key] : undefined)

function matchesExpression(
  { operator, values }: LabelSelector['matchExpressions'][number],
  value: string | undefined
): boolean {
  if (operator === 'In') return value !== undefined && values.includes(value)
  if (operator === 'NotIn') return value === undefined || !values.includes(value)
  if (operator === 'Exists') return value !== undefined
  return operator === 'DoesNotExist' && value === undefined
}

/**
 * Whether a Kubernetes label selector selects labels of which some are not known.
 *
 * @param isUnknown whether there may be a label with a key that `labels` does not have
 */
export function selectsPartlyKnown(
  { matchLabels, matchExpressions }: LabelSelector,
  labels: Labels,
  isUnknown: (key: string) => boolean
): Tristate {
  let result: Tristate = true
  for (const key in matchLabels) {
    const value = labelValue(labels, key)
    if (value === undefined && isUnknown(key)) result = undefined
    else if (value !== matchLabels[key]) return false
  }
  for (const expression of matchExpressions) {
    const value = labelValue(labels, expression.key)
    if (value === undefined && isUnknown(expression.key)) result = undefined
    else if (!matchesExpression(expression, value)) return false
  }
  return result
}
