import type { Meta } from '../state/resource.ts'
import type { InferenceService } from './inference-service.ts'

/** Metadata of an object that KServe creates of a model; without creationTimestamp, because it does not exist yet. */
export function ownedBy(
  { apiVersion, namespace, name: model, labels, annotations }: InferenceService,
  name: string,
  ownApiVersion: string
): Meta {
  return {
    apiVersion: ownApiVersion,
    namespace,
    name,
    labels,
    annotations,
    created: undefined,
    deleting: false,
    owner: { apiVersion, kind: 'InferenceService', name: model }
  }
}
