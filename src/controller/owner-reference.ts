import { z } from 'zod'
import type { Api } from './api.ts'
import { PATHS } from './names.ts'

/** As metadata names who something belongs to, and goes with. */
export interface Owner {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
}

const owner = z.object({ metadata: z.object({ uid: z.string() }) })

/**
 * Our namespace, to which all belongs that we write outside of it: who deletes the namespace takes that with it.
 *
 * @throws {Refused}
 */
export async function readOwner(api: Api, namespace: string): Promise<Owner> {
  const { metadata } = owner.parse(await api.get(PATHS.namespace(namespace)))
  return { apiVersion: 'v1', kind: 'Namespace', name: namespace, uid: metadata.uid }
}
