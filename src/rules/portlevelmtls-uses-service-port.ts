import { hasWorkloadSelector } from '../istio/peer-authentication.ts'
import { STANDARD_PORT } from '../kserve/inference-service.ts'
import { nameOf } from '../state/resource.ts'
import { hasLabels } from '../text/selector.ts'
import { MODEL_KINDS, modelPods } from './lib/model-pods.ts'
import { defineCheck } from './lib/rule.ts'
import { updatedManifest } from './lib/updated-manifest.ts'

/** Ports of the Services of a model, and the queue-proxy ports that they target. */
const TARGETS: ReadonlyMap<string, number> = new Map([
  ['80', 8012],
  ['81', 8013],
  ['443', 8112]
])

export default defineCheck({
  id: 'portlevelmtls-uses-service-port',
  category: 'style',
  mode: 'warn',
  summary: 'portLevelMtls names a port of the Service instead of the pod',
  symptom: '503 `UC`, or plaintext accepted, on a port whose mode `portLevelMtls` should set',
  on: ['PeerAuthentication'],
  reads: MODEL_KINDS,
  *check(policy, view) {
    const { selector, portLevelMtls } = policy.spec
    const ports = Object.keys(portLevelMtls).filter(port => TARGETS.has(port))
    if (ports.length === 0 || !hasWorkloadSelector(selector)) return
    const pods = modelPods(view, policy.namespace).filter(({ pod }) => hasLabels(pod.labels, selector.matchLabels))
    for (const port of ports) {
      const [first] = pods
      if (first === undefined || pods.some(({ pod }) => pod.ports.some(one => `${one.containerPort}` === port)))
        continue
      const podPort = first.component.mode === 'Knative' ? TARGETS.get(port) : STANDARD_PORT
      const { [port]: mode, ...others } = portLevelMtls
      yield {
        field: `spec.portLevelMtls[${port}]`,
        message: `${nameOf(policy)} sets port ${port}, which no pod of ${first.model} has: it is ignored`,
        fix: {
          text: `Use ${podPort}, the port of the pods`,
          apply: [
            updatedManifest(policy, { spec: { ...policy.spec, portLevelMtls: { ...others, [`${podPort}`]: mode } } })
          ]
        }
      }
    }
  }
})
