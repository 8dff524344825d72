import { parseAllDocuments } from 'yaml'

/** Rendered object of the chart. */
export interface Rendered {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly spec?: Readonly<Record<string, unknown>>
}

/** API groups of optional CRDs. */
const FOREIGN = ['monitoring.coreos.com/', 'cert-manager.io/']

export const isForeign = ({ apiVersion }: Rendered) => FOREIGN.some(group => apiVersion.startsWith(group))

export function toObjects(text: string): readonly Rendered[] {
  return parseAllDocuments(text)
    .map(document => document.toJS() as Rendered | null)
    .filter(object => object !== null)
}
