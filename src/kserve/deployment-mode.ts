import { z } from 'zod'
import { memoize } from '../state/memoize.ts'
import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { parseGoObject } from '../text/go-json.ts'
import { isPropagated } from './annotation-propagation.ts'
import { findKserveConfig } from './kserve.ts'

/** Deployment mode of a model. With ModelMesh, models have no pods of their own. */
export type DeploymentMode = 'Knative' | 'Standard' | 'ModelMesh'

/** Accepted values, older names included. */
export const MODES: ReadonlyMap<string, DeploymentMode> = new Map([
  ['Knative', 'Knative'],
  ['Serverless', 'Knative'],
  ['Standard', 'Standard'],
  ['RawDeployment', 'Standard'],
  ['ModelMesh', 'ModelMesh']
])

export const DEPLOYMENT_MODE = 'serving.kserve.io/deploymentMode'

/**
 * Mode of an InferenceService: of its status, else its annotation, else the cluster's default. Unknown values are
 * ignored.
 * @see kserve 0.20 pkg/controller/v1beta1/inferenceservice/utils/utils.go (GetDeploymentMode)
 */
export function deploymentMode(
  view: View<'ConfigMap'>,
  { annotations, status }: Pick<ResourceOf<'InferenceService'>, 'annotations' | 'status'>
): DeploymentMode {
  const { readsAnnotation, defaultMode } = modeConfig(view)
  const requested = readsAnnotation ? annotations[DEPLOYMENT_MODE] : undefined
  return MODES.get(status?.deploymentMode ?? '') ?? MODES.get(requested ?? '') ?? defaultMode
}

/** Mode of InferenceServices that set none; KServe's own default without a configuration. */
export const defaultDeploymentMode = (view: View<'ConfigMap'>): DeploymentMode => modeConfig(view).defaultMode

/** Default mode, and whether KServe reads the annotation. */
const modeConfig = memoize((view: View<'ConfigMap'>) => {
  const map = findKserveConfig(view)
  const configured = map === undefined ? undefined : readDefaultMode(map)
  return {
    readsAnnotation: isPropagated(view, DEPLOYMENT_MODE),
    defaultMode: MODES.get(configured ?? '') ?? ('Knative' as const)
  }
})

const readDefaultMode = memoize(({ data }: ResourceOf<'ConfigMap'>) => {
  const { data: read } = z
    .object({ defaultdeploymentmode: z.string().nullish() })
    .safeParse(parseGoObject(data['deploy'] ?? ''))
  return read?.defaultdeploymentmode
})
