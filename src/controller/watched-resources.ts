import { KINDS, type Kind } from '../state/resource.ts'

/** Kinds that are read, but whose changes are never asked about, and why. Every other kind of the model is a subject. */
export const NEVER_SUBJECTS: Readonly<Record<string, string>> = {
  Pod: 'made by controllers from objects that are judged; a refused pod would be a model that does not start',
  EndpointSlice: 'written by controllers whenever a pod comes or goes',
  MutatingWebhookConfiguration: 'the API server asks no webhook about webhooks',
  ValidatingWebhookConfiguration: 'the API server asks no webhook about webhooks'
}

export interface Subjects {
  /** Kinds of the mesh and of KServe: without us they are not to be changed. */
  readonly mesh: readonly Kind[]
  /** Kinds of Kubernetes itself, by which nearly every other write in the cluster goes: those are never held up. */
  readonly core: readonly Kind[]
}

export function subjects(): Subjects {
  const kinds = (Object.keys(KINDS) as Kind[]).filter(kind => !Object.hasOwn(NEVER_SUBJECTS, kind))
  return {
    mesh: kinds.filter(kind => KINDS[kind].group !== ''),
    core: kinds.filter(kind => KINDS[kind].group === '')
  }
}
