import type { InferenceService } from '../../kserve/inference-service.ts'
import { possibleServiceNames } from '../../kserve/service-names.ts'
import type { View } from '../../state/snapshot.ts'

/**
 * The InferenceService of a cluster host, by its own name or that of a component. The host is `name.namespace`, with or
 * without `.svc` and the cluster domain.
 */
export function findModelOf(view: View<'InferenceService'>, host: string): InferenceService | undefined {
  const [service = '', namespace = '', ...rest] = host.split('.')
  if (!['', 'svc', `svc.${view.settings.clusterDomain}`].includes(rest.join('.'))) return undefined
  return view.list('InferenceService', namespace).find(model => possibleServiceNames(model).includes(service))
}
