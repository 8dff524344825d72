import type { Kind, ResourceOf } from '../state/resource.ts'

/** Kinds of which a model has objects of its own. The evaluation of another model in the namespace does not see them. */
export const OWN_KINDS = [
  'InferenceService',
  'Pod',
  'Service',
  'EndpointSlice',
  'VirtualService',
  'HTTPRoute',
  'Ingress'
] as const
export type OwnKind = (typeof OWN_KINDS)[number]
export type OwnObject = ResourceOf<OwnKind>

export const isOwnKind = (kind: Kind): kind is OwnKind => OWN_KINDS.some(one => one === kind)
