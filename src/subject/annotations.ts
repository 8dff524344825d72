import { CLASS_ANNOTATION } from '../gateway-api/ingress-class.ts'
import type { View } from '../state/snapshot.ts'
import { isReadKey } from './labels.ts'
import { TEMPLATE } from './words.ts'

/**
 * Whether the model reads an annotation, by its key: its group is read, or a template in a ConfigMap names it. No selector matches
 * annotations, so all others have no effect.
 */
export function annotationFilter(view: View<'ConfigMap'>): (key: string) => boolean {
  const templates = view
    .list('ConfigMap')
    .flatMap(({ data }) => Object.values(data))
    .filter(text => text.includes(TEMPLATE))
  return key => isReadKey(key) || key === CLASS_ANNOTATION || templates.some(text => text.includes(key))
}
