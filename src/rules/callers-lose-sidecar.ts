import { toRef } from '../state/resource.ts'
import { DATAPLANE_MODE } from '../state/workload.ts'
import { defineFailure } from './lib/rule.ts'
import { updatedManifest } from './lib/updated-manifest.ts'

export default defineFailure({
  id: 'callers-lose-sidecar',
  cause: 'sidecar-lost',
  category: 'latent-outage',
  mode: 'warn',
  summary: 'Next pods of callers have no sidecar, and models deny their plaintext',
  symptom: 'calls to models fail with `connection reset by peer` after the pods of a caller restart',
  explain({ namespace, pod, ambient, model, count }) {
    const named = count === 1 ? model : `${model} and ${count - 1} more`
    const { [DATAPLANE_MODE]: _, ...labels } = namespace.labels
    return {
      object: toRef(namespace),
      field: 'metadata.labels',
      message: `Next pods of ${namespace.name} ${ambient ? 'are ambient' : 'have no sidecar'}: calls to ${named} will fail`,
      fix: {
        text: `Restore injection before pods such as ${pod.name} restart, or first let the models accept plaintext`,
        apply: [updatedManifest(namespace, { labels: { ...labels, 'istio-injection': 'enabled' } })]
      }
    }
  }
})
