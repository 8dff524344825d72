import { z } from 'zod'
import type { Authorization } from '../istio/authorization.ts'
import type { CallResult } from '../request/hop.ts'
import { clientName } from '../rules/lib/message-parts.ts'
import { decidingPolicy } from '../rules/lib/policy-message-parts.ts'
import { toRef } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { type ConfigSource, clientSideText, type Side, serverSideText } from './connection-sides.ts'
import { refSchema } from './report.ts'

const decidedBy = z
  .array(z.object({ object: refSchema, field: z.string() }))
  .readonly()
  .describe('Empty where nothing in the state decides, such as for a default')
const side = z.object({ what: z.string(), why: z.string(), decidedBy })

/** Result of a call between one client and one server, as printed. */
export const callResultSchema = z.object({
  client: z.string(),
  server: z.string().describe('The pod, as namespace/name'),
  host: z.string(),
  port: z.int().describe('Of the Service'),
  sent: side.extend({ tls: z.enum(['plaintext', 'istio-mtls', 'tls', 'mutual-tls']), sni: z.string().optional() }),
  taken: side.extend({ by: z.enum(['application', 'sidecar', 'gateway']) }),
  identity: z.string().optional().describe('Whom the server sees; absent: nobody. `*` stands for whoever calls'),
  authorization: side
    .extend({ verdict: z.enum(['allowed', 'denied', 'not-allowed', 'provider-unknown', 'token-refused']) })
    .optional()
    .describe('Absent where the connection does not come about'),
  verdict: z.enum(['ok', 'cut'])
})

export type CallResultView = z.output<typeof callResultSchema>

/** Describes a call result, with the objects that configure each side. */
export function renderCallResult(view: View<'ConfigMap'>, call: CallResult): CallResultView {
  const { client, destination, connection, authorization, failure } = call
  const { sent, server, outcome } = connection
  const { namespace, name } = server.workload
  return {
    client: clientName(client),
    server: `${namespace}/${name}`,
    host: destination.host,
    port: destination.port,
    sent: { ...clientSideText(view, call), tls: sent.send, sni: sent.sni },
    taken: { ...serverSideText(connection), by: server.at },
    identity: outcome.is === 'open' ? toIdentity(outcome.identity) : undefined,
    authorization: outcome.is === 'open' ? renderAuthorization(authorization, server.at) : undefined,
    verdict: failure === undefined ? 'ok' : 'cut'
  }
}

/** A caller class has no single namespace: `*` replaces it. */
function toIdentity(identity: string | undefined): string | undefined {
  return identity?.replace(/\/ns\/\/sa\/.*/, '/ns/*/sa/*')
}

const DENIAL_REASON: Readonly<Record<Exclude<Authorization['is'], 'allowed'>, string>> = {
  denied: 'a rule denies it',
  'not-allowed': 'no rule lets it in',
  'provider-unknown': 'the mesh has no such authorizer, and so it is denied',
  'token-refused': "the token's issuer is not known there"
}

function renderAuthorization(
  verdict: Authorization,
  at: 'application' | 'sidecar' | 'gateway'
): Side & { verdict: Authorization['is'] } {
  if (verdict.is !== 'allowed') {
    return { verdict: verdict.is, what: 'refused', why: DENIAL_REASON[verdict.is], decidedBy: denialSources(verdict) }
  }
  const decidedBy = verdict.by.map(policy => ({ object: toRef(policy), field: 'spec.rules' }))
  if (at === 'application') return { verdict: 'allowed', what: 'allowed', why: 'no sidecar, so no policy', decidedBy }
  const why = decidedBy.length > 0 ? 'a rule lets it in' : 'no policy is against it'
  return { verdict: 'allowed', what: 'allowed', why, decidedBy }
}

/** All ALLOW policies of the server, because a rule in any of them could allow the request. */
function denialSources(verdict: Exclude<Authorization, { readonly is: 'allowed' }>): readonly ConfigSource[] {
  if (verdict.is === 'not-allowed') return verdict.by.map(policy => ({ object: toRef(policy), field: 'spec.rules' }))
  const { policy, field } = decidingPolicy(verdict)
  return [{ object: toRef(policy), field }]
}
