import { z } from 'zod'
import { memoize } from '../state/memoize.ts'
import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { parseGoObject } from '../text/go-json.ts'
import { isPropagated } from './annotation-propagation.ts'
import { findKserveConfig } from './kserve.ts'

/** How a model is deployed. ModelMesh has no pods of the model's own. */
export type DeploymentMode = 'Knative' | 'Standard' | 'ModelMesh'

/** Old names are taken still. */
export const MODES: ReadonlyMap<string, DeploymentMode> = new Map([
  ['Knative', 'Knative'],
  ['Serverless', 'Knative'],
  ['Standard', 'Standard'],
  ['RawDeployment', 'Standard'],
  ['ModelMesh', 'ModelMesh']
])

export const DEPLOYMENT_MODE = 'serving.kserve.io/deploymentMode'

/**
 * The mode of an InferenceService: the one it has, else the one it asks for, else the cluster's. A word that KServe
 * does not know counts as not asked.
 * @see kserve pkg/controller/v1beta1/inferenceservice/utils/utils.go (GetDeploymentMode)
 */
export function deploymentMode(
  view: View<'ConfigMap'>,
  { annotations, status }: Pick<ResourceOf<'InferenceService'>, 'annotations' | 'status'>
): DeploymentMode {
  const { isAsked, byDefault } = modeWords(view)
  const asked = isAsked ? annotations[DEPLOYMENT_MODE] : undefined
  return MODES.get(status?.deploymentMode ?? '') ?? MODES.get(asked ?? '') ?? byDefault
}

/** Mode of InferenceServices that set none; KServe's own default without a configuration. */
export const defaultDeploymentMode = (view: View<'ConfigMap'>): DeploymentMode => modeWords(view).byDefault

/** What the configuration says of modes. */
const modeWords = memoize((view: View<'ConfigMap'>) => {
  const map = findKserveConfig(view)
  const said = map === undefined ? undefined : readDefaultMode(map)
  return { isAsked: isPropagated(view, DEPLOYMENT_MODE), byDefault: MODES.get(said ?? '') ?? ('Knative' as const) }
})

const readDefaultMode = memoize(({ data }: ResourceOf<'ConfigMap'>) => {
  const { data: read } = z
    .object({ defaultdeploymentmode: z.string().nullish() })
    .safeParse(parseGoObject(data['deploy'] ?? ''))
  return read?.defaultdeploymentmode
})
