import { CONTROLLERS } from '../engine/exempt.ts'

/** Something that must be so for the API server to ask. */
export interface MatchCondition {
  readonly name: string
  readonly expression: string
}

const OWNERS = '(object == null ? oldObject : object).metadata'
const differs = (field: string) =>
  `has(object.${field}) != has(oldObject.${field}) || (has(object.${field}) && object.${field} != oldObject.${field})`

/**
 * What `engine/exempt.ts` admits without a word, said to the API server, in CEL: so nobody holds up what controllers
 * write, not even when nobody answers.
 */
export const CONCERNING: readonly MatchCondition[] = [
  { name: 'not-on-its-way-out', expression: 'object == null || !has(object.metadata.deletionTimestamp)' },
  {
    name: 'not-made-by-a-controller',
    expression: `!has(${OWNERS}.ownerReferences) || !${OWNERS}.ownerReferences.exists(owner, has(owner.controller) && owner.controller && ${JSON.stringify(CONTROLLERS)}.exists(group, owner.apiVersion.startsWith(group + "/")))`
  }
]

/** For kinds of which nothing is read but metadata and spec. */
export const CHANGING: MatchCondition = {
  name: 'more-than-status-or-finalizers',
  expression: `object == null || oldObject == null || ${['spec', 'metadata.labels', 'metadata.annotations'].map(differs).join(' || ')}`
}
