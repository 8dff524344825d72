import { defineFailure } from './lib/rule.ts'

export default defineFailure({
  id: 'configuration-rejected',
  cause: 'configuration-rejected',
  summary: 'KServe or Knative rejects a value, so the model gets no route',
  explain({ object, field, value, reason, by }) {
    return {
      object,
      field,
      message: `${by} rejects "${value}": ${reason}; ${object.namespace}/${object.name} gets no route`,
      fix: { text: `Correct ${field}: ${reason}` }
    }
  }
})
