import { isAmbient } from '../istio/ambient.ts'
import { peerMtls } from '../istio/peer-authentication.ts'
import { componentsOf, podsOf } from '../kserve/inference-service.ts'
import { desiredPod } from '../kserve/next-pod.ts'
import { nameOf } from '../state/resource.ts'
import { POD_KINDS } from './lib/model-pods.ts'
import { defineCheck } from './lib/rule.ts'

export default defineCheck({
  id: 'strict-without-sidecar',
  category: 'exposure',
  mode: 'warn',
  summary: 'STRICT is not enforced on models whose pods have no sidecar',
  symptom: 'plaintext requests get 200 although the PeerAuthentication is STRICT',
  on: ['InferenceService'],
  reads: ['PeerAuthentication', ...POD_KINDS],
  *check(service, view) {
    for (const component of componentsOf(view, service)) {
      const running = podsOf(view, service, component)
      const [pod = desiredPod(view, service, component)] = running
      const { workload } = peerMtls(view, pod)
      if (workload.mode !== 'STRICT' || pod.proxy !== 'none' || isAmbient(view, pod)) continue
      yield {
        field: `spec.${component.name}`,
        message: `${nameOf(workload.by)} is STRICT, but ${component.service} has no sidecar: it accepts plaintext`,
        fix: { text: 'Inject a sidecar, or exempt the pods with a PeerAuthentication of their own' },
        exposes: 'plaintext-accepted'
      }
    }
  }
})
