import type { Kind } from '../../state/resource.ts'

/**
 * A kind, one namespace of a kind, or one object that an evaluation reads or a change affects. Keys are relative to the
 * evaluated namespace (`OWN_NAMESPACE`), so results can be reused for other namespaces.
 */
export type DependencyKey = string

/** Not valid in the name of a namespace or an object. */
export const OWN_NAMESPACE = '~'
export const ofKind = (kind: Kind): DependencyKey => kind
export const ofNamespace = (kind: Kind, namespace: string): DependencyKey => `${kind} ${namespace}`
export const ofObject = (kind: Kind, namespace: string, name: string): DependencyKey => `${kind} ${namespace}/${name}`
export const GATEWAYS: DependencyKey = 'Pod: gateways'
/** DestinationRules for hosts of one namespace. Rules for hosts of several namespaces have the key `ANY_HOSTS`. */
export const ofHosts = (namespace: string): DependencyKey => `DestinationRule: ${namespace}`
export const ANY_HOSTS: DependencyKey = 'DestinationRule: any'
/** VirtualServices for Services of one namespace, or for one other host. Those with wildcards have the key `ANY_HOST`. */
export const ofRoutes = (namespaceOrHost: string): DependencyKey => `VirtualService: ${namespaceOrHost}`
/** VirtualServices of gateways that send requests to Services of one namespace, or to one other host. */
export const ofTargets = (namespaceOrHost: string): DependencyKey => `VirtualService to: ${namespaceOrHost}`
export const ANY_HOST: DependencyKey = 'VirtualService: any'

/** True if the key refers to something outside the evaluated namespace. */
export const isCrossNamespace = (key: DependencyKey) => !key.includes(OWN_NAMESPACE)
