import type { InferenceService } from './inference-service.ts'

/** External address of a model. */
export interface PublicAddress {
  /** `address` is the InferenceService URL; others are named by what configures them. */
  readonly name: string
  readonly host: string
  /** Prefix of the URL path; empty: the model has the whole host. */
  readonly path: string
  /** Domain of the host. */
  readonly domain: string
  /** False: only the status has it, or a template that is not modeled. */
  readonly isConfigured: boolean
}

/** Name of the address in the status, if the configuration publishes another one. */
export const STATUS_URL = 'status.url'
/** Name, with the domain, of an address in another domain. */
export const ADDITIONAL = 'additional domain'
/** Name of an address by a URL path. */
export const BY_PATH = 'pathTemplate'
const ROUTE = 'route'

/** True for the name of an address that KServe publishes besides the InferenceService URL. */
export function isFurtherAddress(name: string): boolean {
  return name === BY_PATH || name.startsWith(ADDITIONAL)
}

/** Name of an address by a VirtualService that KServe does not make, equal for models whose addresses differ only in their names. */
export function routedName(pattern: string): string {
  return `${ROUTE} ${pattern.replace('@', '{name}').replace('%', '{namespace}')}`
}

/** True for the name of an address by a VirtualService that KServe does not make. */
export function isRouted(name: string): boolean {
  return name.startsWith(`${ROUTE} `)
}

/** Part of a host before its domain; empty if the host has another domain. */
export function subdomainOf({ host, domain }: PublicAddress): string {
  return host.endsWith(domain) ? host.slice(0, -domain.length) : ''
}

/**
 * Address with placeholders for name and namespace, so that models whose addresses differ only in these have equal
 * patterns.
 */
export function addressPattern(
  { name, namespace }: InferenceService,
  { host, path }: Pick<PublicAddress, 'host' | 'path'>
): string {
  return `${host}${path}`.replace(name, '@').replace(namespace, '%')
}
