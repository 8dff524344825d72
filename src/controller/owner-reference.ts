import { z } from 'zod'
import type { ApiClient } from './api.ts'
import { PATHS } from './names.ts'

/** @see k8s.io/apimachinery metav1.OwnerReference */
export interface OwnerReference {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
}

const owner = z.object({ metadata: z.object({ uid: z.string() }) })

/**
 * Owner reference to the namespace of the guard: deleting the namespace garbage-collects objects outside of it.
 *
 * @throws {ApiStatusError}
 */
export async function readOwnerReference(api: ApiClient, namespace: string): Promise<OwnerReference> {
  const { metadata } = owner.parse(await api.get(PATHS.namespace(namespace)))
  return { apiVersion: 'v1', kind: 'Namespace', name: namespace, uid: metadata.uid }
}
