import { componentsOf, desiredPod, entryOf, type InferenceService, podsOf } from './inference-service.ts'
import { knativePaths } from './knative-path.ts'
import type { View } from './snapshot.ts'
import { standardPaths } from './standard-path.ts'
import { type Path, type PathKinds, walk } from './way.ts'

/** Every way to an InferenceService, hop by hop. None for a mode that has no pods of the model's own. */
export function pathsOf(view: View<PathKinds>, service: InferenceService): readonly Path[] {
  const component = entryOf(componentsOf(view, service))
  if (component === undefined || component.mode === 'ModelMesh') return []
  const running = podsOf(view, service, component)
  const pods = running.length > 0 ? running : [desiredPod(view, service, component)]
  const paths = component.mode === 'Knative' ? knativePaths : standardPaths
  return paths(view, service, component, pods).flatMap(walk)
}
