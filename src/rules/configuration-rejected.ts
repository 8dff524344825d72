import { defineFailure } from './lib/rule.ts'

export default defineFailure({
  id: 'configuration-rejected',
  cause: 'configuration-rejected',
  summary: 'KServe or Knative refuses the value, so the model never gets a route',
  explain({ object, field, value, why, by }) {
    return {
      object,
      field,
      message: `${by} refuses "${value}": ${why}; ${object.namespace}/${object.name} gets no route`,
      fix: { text: `Correct ${field}: ${why}` }
    }
  }
})
