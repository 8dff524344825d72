import { knativeGateways } from '../../knative/knative.ts'
import { deploymentMode } from '../../kserve/deployment-mode.ts'
import type { InferenceService } from '../../kserve/inference-service.ts'
import { ingressOf } from '../../kserve/kserve.ts'
import { possibleServiceNames } from '../../kserve/service-names.ts'
import { getOrAdd } from '../../state/map.ts'
import { memoize } from '../../state/memoize.ts'
import type { View } from '../../state/snapshot.ts'
import { coversHost, isWildcard, serviceHost } from '../../text/host.ts'

/**
 * The InferenceService of a cluster host, by its own name or that of a component. The host is `name.namespace`, with or
 * without `.svc` and the cluster domain.
 */
export function findModelOf(view: View<'InferenceService'>, host: string): InferenceService | undefined {
  const [service = '', namespace = ''] = host.split('.', 2)
  const rest = host.slice(service.length + namespace.length + 2)
  if (!['', 'svc', `svc.${view.settings.clusterDomain}`].includes(rest)) return undefined
  return modelsByService(view.list('InferenceService', namespace)).get(service)
}

const modelsByService = memoize((models: readonly InferenceService[]) => {
  const index = new Map<string, InferenceService>()
  for (const model of models) for (const name of possibleServiceNames(model)) getOrAdd(index, name, () => model)
  return index
})

/** True if a host or pattern covers a Service on the path to a model: of a model, its revisions, or a local gateway. */
export function coversModelHost(view: View<'InferenceService' | 'ConfigMap'>, pattern: string): boolean {
  const { clusterDomain } = view.settings
  const models = view.list('InferenceService', isWildcard(pattern) ? undefined : pattern.split('.')[1])
  const isRevision = (model: InferenceService) =>
    possibleServiceNames(model).some(
      name => pattern.startsWith(`${name}-`) && pattern.endsWith(`.${model.namespace}.svc.${clusterDomain}`)
    )
  const isOwn = (model: InferenceService) =>
    possibleServiceNames(model).some(name => coversHost(pattern, serviceHost(model.namespace, name, clusterDomain)))
  return coversLocalGateway(view, pattern) || models.some(model => isOwn(model) || isRevision(model))
}

function coversLocalGateway(view: View<'InferenceService' | 'ConfigMap'>, pattern: string): boolean {
  const { localGatewayService, knativeLocalGatewayService } = ingressOf(view).config
  const hosts = [
    localGatewayService,
    knativeLocalGatewayService,
    ...knativeGateways(view).local.map(one => one.service)
  ]
  return (
    hosts.some(host => coversHost(pattern, host)) &&
    view.list('InferenceService').some(model => deploymentMode(view, model) === 'Knative')
  )
}
