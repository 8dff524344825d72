import { z } from 'zod'
import type { Authorization } from '../istio/authorization.ts'
import type { Connection } from '../istio/connection.ts'
import type { CallResult } from '../request/hop.ts'
import { clientName } from '../rules/lib/message-parts.ts'
import { decidingPolicy } from '../rules/lib/policy-message-parts.ts'
import { toRef } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { type ConfigSource, clientSideText, type Side, serverSideText } from './connection-sides.ts'
import { refSchema } from './report.ts'

const configuredBy = z
  .array(z.object({ object: refSchema, field: z.string() }))
  .readonly()
  .describe('Objects and fields that configure this; empty for a default')
const side = z.object({ description: z.string(), reason: z.string(), configuredBy })

/** Result of a call from one client to one endpoint. */
export const callResultSchema = z.object({
  client: side
    .extend({
      name: z.string(),
      tls: z.enum(['plaintext', 'istio-mtls', 'tls', 'mutual-tls', 'hbone', 'tls-in-hbone']),
      sni: z.string().optional()
    })
    .describe('Client, and what it sends'),
  host: z.string(),
  port: z.int().describe('Service port'),
  server: side
    .extend({
      name: z.string().describe('Pod, as namespace/name'),
      by: z.enum(['application', 'sidecar', 'gateway', 'ztunnel', 'waypoint'])
    })
    .describe('Server, and what it accepts'),
  identity: z.string().optional().describe('Peer identity; absent: unauthenticated. `*` means any mesh identity'),
  authorization: side
    .extend({ verdict: z.enum(['allowed', 'denied', 'not-allowed', 'provider-unknown', 'token-refused']) })
    .optional()
    .describe('Absent if the connection fails'),
  verdict: z.enum(['ok', 'blocked', 'unknown'])
})

export type CallResultView = z.output<typeof callResultSchema>

/** Describes a call result, with the objects that configure each side. */
export function renderCallResult(view: View<'ConfigMap'>, call: CallResult): CallResultView {
  const { client, destination, connection, authorization, failure, unknown } = call
  const { sent, server, outcome } = connection
  const { namespace, name } = server.workload
  return {
    client: { name: clientName(client), ...clientSideText(view, call), tls: sent.send, sni: sent.sni },
    host: destination.host,
    port: destination.port,
    server: { name: `${namespace}/${name}`, ...serverSideText(connection), by: server.at },
    identity: outcome.is === 'open' ? toIdentity(outcome.identity) : undefined,
    authorization:
      outcome.is === 'open' && failure?.cause !== 'network-policy-denied'
        ? renderAuthorization(authorization, server.at)
        : undefined,
    verdict: failure !== undefined ? 'blocked' : unknown === undefined ? 'ok' : 'unknown'
  }
}

/** A caller class has no single namespace: `*` replaces it. */
export function toIdentity(identity: string | undefined): string | undefined {
  return identity?.replace(/\/ns\/\/sa\/.*/, '/ns/*/sa/*')
}

const DENIAL_REASON: Readonly<Record<Exclude<Authorization['is'], 'allowed'>, string>> = {
  denied: 'a DENY rule matches',
  'not-allowed': 'no ALLOW rule matches',
  'provider-unknown': 'the mesh configuration does not define the provider',
  'token-refused': 'the JWT issuer is unknown'
}

function renderAuthorization(
  verdict: Authorization,
  at: Connection['server']['at']
): Side & { verdict: Authorization['is'] } {
  if (verdict.is !== 'allowed') {
    const refused = at === 'ztunnel' ? 'denied, connection reset' : 'denied, 403 RBAC'
    const description = verdict.is === 'token-refused' ? 'denied, 401' : refused
    return {
      verdict: verdict.is,
      description,
      reason: DENIAL_REASON[verdict.is],
      configuredBy: denialSources(verdict)
    }
  }
  const configuredBy = verdict.by.map(policy => ({ object: toRef(policy), field: 'spec.rules' }))
  const allowed = { verdict: verdict.is, description: 'allowed', configuredBy }
  if (at === 'application') return { ...allowed, reason: 'no sidecar enforces policies' }
  const reason = configuredBy.length > 0 ? 'an ALLOW rule matches' : 'no AuthorizationPolicy denies it'
  return { ...allowed, reason }
}

/** All ALLOW policies of the server, because a rule in any of them could allow the request. */
function denialSources(verdict: Exclude<Authorization, { readonly is: 'allowed' }>): readonly ConfigSource[] {
  if (verdict.is === 'not-allowed') return verdict.by.map(policy => ({ object: toRef(policy), field: 'spec.rules' }))
  const { policy, field } = decidingPolicy({ verdict })
  return [{ object: toRef(policy), field }]
}
