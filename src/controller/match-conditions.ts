import { CONTROLLERS } from '../engine/exempt.ts'

/** @see k8s.io/api/admissionregistration/v1 MatchCondition */
export interface MatchCondition {
  readonly name: string
  readonly expression: string
}

const OWNERS = '(object == null ? oldObject : object).metadata'
const differs = (field: string) =>
  `has(object.${field}) != has(oldObject.${field}) || (has(object.${field}) && object.${field} != oldObject.${field})`

/**
 * The exemptions of `engine/exempt.ts` as CEL, so that writes of controllers do not depend on the webhook being available.
 */
export const COMMON_MATCH_CONDITIONS: readonly MatchCondition[] = [
  { name: 'not-being-deleted', expression: 'object == null || !has(object.metadata.deletionTimestamp)' },
  {
    name: 'not-controller-owned',
    expression: `!has(${OWNERS}.ownerReferences) || !${OWNERS}.ownerReferences.exists(owner, has(owner.controller) && owner.controller && ${JSON.stringify(CONTROLLERS)}.exists(group, owner.apiVersion.startsWith(group + "/")))`
  }
]

/** For kinds of which only metadata and spec are read. */
export const CHANGE_MATCH_CONDITION: MatchCondition = {
  name: 'spec-labels-or-annotations-changed',
  expression: `object == null || oldObject == null || ${['spec', 'metadata.labels', 'metadata.annotations'].map(differs).join(' || ')}`
}
