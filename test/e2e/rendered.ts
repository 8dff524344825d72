import { parseAllDocuments } from 'yaml'

/** An object of the chart. */
export interface Rendered {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly spec?: Readonly<Record<string, unknown>>
}

/** Kinds that others define, and that a cluster need not have. */
const FOREIGN = ['monitoring.coreos.com/', 'cert-manager.io/']

export const isForeign = ({ apiVersion }: Rendered) => FOREIGN.some(group => apiVersion.startsWith(group))

export function toObjects(text: string): readonly Rendered[] {
  return parseAllDocuments(text)
    .map(document => document.toJS() as Rendered | null)
    .filter(object => object !== null)
}
