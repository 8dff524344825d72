import { memoizeInView } from '../state/memoize.ts'
import type { View } from '../state/snapshot.ts'
import { deploymentMode } from './deployment-mode.ts'
import { type Component, type ComponentKinds, type InferenceService, toComponent } from './inference-service.ts'
import { canaryServiceName } from './service-names.ts'

/** Predictor of another version, with a Service of its own. */
export interface Canary extends Component {
  /** `predictor.name` of the canary. */
  readonly version: string
  /** Share of the external requests; 0 if only callers of its Service use it. */
  readonly trafficPercent: number
}

/**
 * Canaries of a model in Standard mode, the only mode that has them. Fields that a canary omits are those of the predictor.
 * @see kserve 0.20 pkg/controller/v1beta1/inferenceservice/components/predictor.go (buildCanaryPredictor)
 */
export const canariesOf: (view: View<ComponentKinds>, service: InferenceService) => readonly Canary[] = memoizeInView(
  (view, service) => {
    const stable = service.spec.predictor
    if (stable === undefined || deploymentMode(view, service) !== 'Standard') return []
    return service.spec.canary.map(({ predictor, trafficPercent = 0 }): Canary => {
      const { name: version = '', labels, annotations } = predictor
      const isSet = (value: unknown) => value !== undefined && !(Array.isArray(value) && value.length === 0)
      const set = Object.fromEntries(Object.entries(predictor).filter(([, value]) => isSet(value)))
      const spec = {
        ...stable,
        ...set,
        labels: { ...stable.labels, ...labels },
        annotations: { ...stable.annotations, ...annotations }
      }
      const own = { mode: 'Standard', name: 'predictor', service: canaryServiceName(service.name, version) } as const
      return { ...toComponent(view, service, spec, own), version, trafficPercent }
    })
  }
)
