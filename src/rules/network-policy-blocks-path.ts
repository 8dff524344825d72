import type { Isolation } from '../kubernetes/network-policy.ts'
import { nameOf, type Ref, toRef } from '../state/resource.ts'
import type { Workload } from '../state/workload.ts'
import { clientName } from './lib/message-parts.ts'
import { extendedNetworkPolicy } from './lib/network-policy-fix.ts'
import { defineFailure, type FailureOf } from './lib/rule.ts'

type Denied = FailureOf<'network-policy-denied'>

export default defineFailure({
  id: 'network-policy-blocks-path',
  cause: 'network-policy-denied',
  summary: 'A NetworkPolicy drops connections on the path to a model',
  symptom: '503 `UF` after the connect timeout (10 s), or the client hangs until its own timeout',
  explain(failure, view, changed) {
    const isolation = isolationOf(failure, changed)
    const { direction, policy } = isolation
    const from = sourceName(failure)
    const to = `${serverName(failure.server)}:${failure.port}`
    const otherEnd = failure.by.find(one => one.direction !== direction)
    return {
      object: toRef(policy),
      field: `spec.${direction}`,
      message:
        direction === 'ingress'
          ? `${nameOf(policy)} denies ${from} at ${to} (timeout)`
          : `${nameOf(policy)} denies egress of ${from} to ${to} (timeout)`,
      fix: {
        text: `Add a rule to spec.${direction} of ${nameOf(policy)} that allows ${from} to connect to ${to}`,
        apply: [isolation, ...(otherEnd === undefined ? [] : [otherEnd])].map(one =>
          extendedNetworkPolicy(one, failure, view)
        )
      }
    }
  }
})

/** The changed policy, if it denies the connection. */
function isolationOf({ by }: Denied, changed: Ref | undefined): Isolation {
  return by.find(({ policy }) => changed !== undefined && nameOf(policy) === nameOf(changed)) ?? by[0]
}

function sourceName({ client, server }: Denied): string {
  const isExternal = client.namespace === '' && client.proxy === 'none' && server.proxy === 'gateway'
  return isExternal ? 'external callers' : clientName(client)
}

function serverName({ namespace, name, proxy, labels }: Workload): string {
  if (proxy === 'gateway') return `${namespace} gateways`
  return `${namespace}/${labels['serving.kserve.io/inferenceservice'] ?? labels['app'] ?? name}`
}
