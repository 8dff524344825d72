import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'

export type ServingRuntime = ResourceOf<'ServingRuntime'> | ResourceOf<'ClusterServingRuntime'>
type Predictor = NonNullable<ResourceOf<'InferenceService'>['spec']['predictor']>

/** Predictor keys that name a model format; older form of `model`. */
const FRAMEWORKS = [
  'sklearn',
  'xgboost',
  'tensorflow',
  'pytorch',
  'triton',
  'onnx',
  'huggingface',
  'pmml',
  'lightgbm',
  'paddle'
] as const

/**
 * Runtime whose labels and annotations a predictor's pods get: the one it names, else one that is auto-selected for its
 * format; of the namespace, then of the cluster, by priority.
 * @see kserve 0.20 pkg/apis/serving/v1beta1/predictor_model.go (GetSupportingRuntimes)
 */
export function findRuntime(
  view: View<'ServingRuntime' | 'ClusterServingRuntime'>,
  namespace: string,
  predictor: Predictor
): ServingRuntime | undefined {
  const named = predictor.model?.runtime
  if (named !== undefined) {
    return view.get('ServingRuntime', namespace, named) ?? view.get('ClusterServingRuntime', '', named)
  }
  const format = formatOf(predictor)?.name
  if (format === undefined) return undefined
  const best = (runtimes: readonly ServingRuntime[]) =>
    runtimes
      .filter(({ spec }) => spec.disabled !== true)
      .flatMap(runtime => {
        const entry = runtime.spec.supportedModelFormats.find(
          ({ name, autoSelect }) => name === format && autoSelect === true
        )
        return entry === undefined ? [] : [{ runtime, priority: entry.priority ?? 0 }]
      })
      .sort((a, b) => b.priority - a.priority)[0]?.runtime
  return best(view.list('ServingRuntime', namespace)) ?? best(view.list('ClusterServingRuntime'))
}

/** Format and protocol version of a model; absent for predictors with custom containers. */
export function formatOf({
  model,
  ...predictor
}: Predictor): { readonly name: string; readonly protocolVersion: string | undefined } | undefined {
  if (model?.modelFormat !== undefined) return { name: model.modelFormat.name, protocolVersion: model.protocolVersion }
  const name = FRAMEWORKS.find(one => predictor[one] !== undefined)
  return name === undefined ? undefined : { name, protocolVersion: predictor[name]?.protocolVersion }
}
