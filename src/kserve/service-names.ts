import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'

export type ComponentName = 'predictor' | 'transformer' | 'explainer'

type InferenceService = Pick<ResourceOf<'InferenceService'>, 'namespace' | 'name' | 'spec' | 'status'>

/** Suffix of names before KServe 0.16. Until 0.15 KServe kept using a Service that had it. */
const LEGACY = '-default'

/** @see kserve 0.20 pkg/constants/constants.go (PredictorServiceName, TransformerServiceName, ExplainerServiceName) */
function currentName(model: string, component: ComponentName, predictorName: string | undefined): string {
  return component === 'predictor' && predictorName ? `${model}-${predictorName}-predictor` : `${model}-${component}`
}

/**
 * Name of a component's Service or Knative Service: the one that its status names, else the one that exists, else the
 * one that KServe creates.
 * @see kserve 0.15 pkg/controller/v1beta1/inferenceservice/components/predictor.go (DefaultPredictorServiceName)
 */
export function serviceNameOf(view: View<'Service'>, service: InferenceService, component: ComponentName): string {
  const { namespace, name, spec, status } = service
  const predictorName = spec.predictor?.name
  const current = currentName(name, component, predictorName)
  const legacy = `${current}${LEGACY}`
  if (component === 'predictor' && predictorName) return current
  const { latestReadyRevision = '', address } = status?.components?.[component] ?? {}
  const isLegacyByStatus = latestReadyRevision.startsWith(`${legacy}-`) || address?.url?.includes(`//${legacy}.`)
  const exists = (one: string) => view.get('Service', namespace, one) !== undefined
  return isLegacyByStatus || (exists(legacy) && !exists(current)) ? legacy : current
}

/** Name of the Service of a canary: KServe names it like a predictor. */
export function canaryServiceName(model: string, version: string | undefined): string {
  return currentName(model, 'predictor', version)
}

/** Names that the Services of a model can have, its own included. */
export function possibleServiceNames({ name, spec }: InferenceService): readonly string[] {
  const components = (['predictor', 'transformer', 'explainer'] as const).flatMap(component => {
    if (spec[component] === undefined) return []
    const current = currentName(name, component, spec.predictor?.name)
    return [current, `${current}${LEGACY}`]
  })
  return [name, ...components, ...spec.canary.map(({ predictor }) => canaryServiceName(name, predictor.name))]
}
