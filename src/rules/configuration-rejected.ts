import { withRequiredNames } from './lib/kserve-ingress.ts'
import { defineFailure } from './lib/rule.ts'

export default defineFailure({
  id: 'configuration-rejected',
  cause: 'configuration-rejected',
  summary: 'KServe or Knative rejects a value, so the model gets no route',
  symptom: 'InferenceService is not Ready and its host has no route; `status` reports a rejected Knative Service',
  explain({ object, field, value, reason, by }, view) {
    return {
      object,
      field,
      message: `${by} rejects "${shorten(value)}": ${reason}; ${object.namespace}/${object.name} gets no route`,
      fix: { text: `Correct ${field}: ${reason}`, apply: by === 'KServe' ? withRequiredNames(view, value) : [] }
    }
  }
})

const MAX_VALUE = 30

/** The value on one line, so that the message stays readable. */
function shorten(value: string): string {
  const line = value
    .split(/\s/)
    .filter(word => word !== '')
    .join(' ')
  return line.length > MAX_VALUE ? `${line.slice(0, MAX_VALUE)}...` : line
}
