import { hasWorkloadSelector } from '../istio/peer-authentication.ts'
import { sortByCreationTime } from '../state/creation-order.ts'
import { nameOf, type ResourceOf, toRef } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { hasLabels } from '../text/selector.ts'
import { defineCheck } from './lib/rule.ts'

export default defineCheck({
  id: 'peerauthentication-conflict',
  category: 'exposure',
  mode: 'warn',
  summary: 'An older PeerAuthentication selects the same pods, so this one is ignored',
  symptom: 'plaintext requests get 200 although a PeerAuthentication is STRICT, or the reverse (503 `UC`)',
  on: ['PeerAuthentication'],
  reads: ['InferenceService'],
  *check(subject, view) {
    const policies = sortByCreationTime(view.list('PeerAuthentication', subject.namespace))
    const effective = policies.find(one => hasScopeOf(one, subject))
    if (effective === undefined || effective === subject || modesOf(effective) === modesOf(subject)) return
    yield {
      field: 'spec.selector',
      message: `${nameOf(subject)} is ignored: the older ${effective.name} selects the same pods`,
      fix: {
        text: `Remove it, and set the intended modes in ${effective.name}`,
        remove: [toRef(subject)]
      },
      ...(subject.spec.mtls?.mode === 'STRICT' && { exposes: 'plaintext-accepted', models: modelsIn(view, subject) })
    }
  }
})

type PeerAuthentication = ResourceOf<'PeerAuthentication'>

function hasScopeOf({ spec: { selector: a } }: PeerAuthentication, { spec: { selector: b } }: PeerAuthentication) {
  if (!hasWorkloadSelector(a) || !hasWorkloadSelector(b)) return hasWorkloadSelector(a) === hasWorkloadSelector(b)
  return hasLabels(a.matchLabels, b.matchLabels) && hasLabels(b.matchLabels, a.matchLabels)
}

/** Models that a namespace-wide policy applies to. */
function modelsIn(view: View<'InferenceService'>, { namespace, spec }: PeerAuthentication): readonly string[] {
  return hasWorkloadSelector(spec.selector)
    ? []
    : view.list('InferenceService', namespace).map(one => `${namespace}/${one.name}`)
}

const modesOf = ({ spec: { mtls, portLevelMtls } }: PeerAuthentication) => JSON.stringify([mtls?.mode, portLevelMtls])
