import { nameOf, toRef } from '../state/resource.ts'
import { isManagedRoute, withoutHost } from './lib/managed-route.ts'
import { hostName } from './lib/message-parts.ts'
import { defineFailure, type FailureOf } from './lib/rule.ts'

export default defineFailure({
  id: 'virtualservice-diverts-model',
  cause: 'routed-elsewhere',
  summary: 'A VirtualService does not send the requests for a model to it',
  symptom: '404, a redirect, or the answer of another workload',
  explain(failure, view) {
    const { virtualService, host } = failure
    const name = nameOf(virtualService)
    return {
      object: toRef(virtualService),
      field: 'spec.http',
      message: `${name} ${outcomeOf(failure)} for ${hostName({ host })}`,
      fix: {
        text: `Remove ${host} from the hosts of ${name}, or route its requests to the model`,
        ...(isManagedRoute(virtualService) ? {} : withoutHost(view, virtualService, host))
      }
    }
  }
})

function outcomeOf({ how, to = '' }: FailureOf<'routed-elsewhere'>): string {
  switch (how) {
    case 'no match':
      return 'has no route that matches requests'
    case 'destination':
      return `routes to ${hostName({ host: to })}, which has no pods of the model,`
    case 'no revision':
      return 'sets no header that names the revision'
    case 'subset':
      return `routes to a subset of ${hostName({ host: to })} that has no pods or DestinationRule`
    case 'loop':
      return 'routes in a loop'
    default:
      return `answers with a ${how}`
  }
}
