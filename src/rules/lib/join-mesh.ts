import { isAmbient } from '../../istio/ambient.ts'
import type { View } from '../../state/snapshot.ts'
import type { Workload } from '../../state/workload.ts'

/** Text of what gives clients an identity at a server: the data plane mode of the server for their namespace. */
export function joinMesh(view: View<'Namespace'>, namespace: string, clients: string, server: Workload): string {
  return isAmbient(view, server)
    ? `label namespace ${namespace} istio.io/dataplane-mode=ambient`
    : `label namespace ${namespace} istio-injection=enabled and restart ${clients}`
}
