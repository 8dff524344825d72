import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { isRunning } from '../state/workload.ts'
import { hasLabels, type Labels } from '../text/selector.ts'

/** Version of the first running pod with these labels, without `v`: its version label, else the tag of its image. */
export function versionOf(view: View<'Pod'>, namespace: string, labels: Labels): string | undefined {
  const pod = view.list('Pod', namespace).find(one => isRunning(one) && hasLabels(one.labels, labels))
  return pod?.labels['app.kubernetes.io/version']?.replace(/^v/, '') ?? (pod && imageTag(pod))
}

function imageTag({ spec: { containers } }: ResourceOf<'Pod'>): string | undefined {
  const image = containers.find(one => one.image !== undefined)?.image ?? ''
  const [name = ''] = image.slice(image.lastIndexOf('/') + 1).split('@')
  const [, tag] = name.split(':')
  return tag?.replace(/^v/, '')
}
