import { z } from 'zod'
import type { Authorization } from '../model/authorization.ts'
import type { CallResult } from '../model/hop.ts'
import { toRef } from '../model/resource.ts'
import type { View } from '../model/snapshot.ts'
import { clientName } from '../rules/lib/message-parts.ts'
import { decidingPolicy } from '../rules/lib/policy-message-parts.ts'
import { refSchema } from './report.ts'
import { type Decider, type Side, sentSide, takenSide } from './sides.ts'

const decidedBy = z
  .array(z.object({ object: refSchema, field: z.string() }))
  .readonly()
  .describe('Empty where nothing in the state decides, such as for a default')
const side = z.object({ what: z.string(), why: z.string(), decidedBy })

/** What becomes of a call between one client and one server, as it is printed. */
export const passageSchema = z.object({
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

export type ToldPassage = z.output<typeof passageSchema>

/** A passage in words, with the objects that decide each side. */
export function tellPassage(view: View<'ConfigMap'>, passage: CallResult): ToldPassage {
  const { client, destination, connection, authorization, failure } = passage
  const { sent, server, outcome } = connection
  const { namespace, name } = server.workload
  return {
    client: clientName(client),
    server: `${namespace}/${name}`,
    host: destination.host,
    port: destination.port,
    sent: { ...sentSide(view, passage), tls: sent.send, sni: sent.sni },
    taken: { ...takenSide(connection), by: server.at },
    identity: outcome.is === 'open' ? toIdentity(outcome.identity) : undefined,
    authorization: outcome.is === 'open' ? tellAuthorization(authorization, server.at) : undefined,
    verdict: failure === undefined ? 'ok' : 'cut'
  }
}

/** A class of callers has no namespace of its own, and so no name. */
function toIdentity(identity: string | undefined): string | undefined {
  return identity?.replace(/\/ns\/\/sa\/.*/, '/ns/*/sa/*')
}

const REFUSED: Readonly<Record<Exclude<Authorization['is'], 'allowed'>, string>> = {
  denied: 'a rule denies it',
  'not-allowed': 'no rule lets it in',
  'provider-unknown': 'the mesh has no such authorizer, and so it is denied',
  'token-refused': "the token's issuer is not known there"
}

function tellAuthorization(
  verdict: Authorization,
  at: 'application' | 'sidecar' | 'gateway'
): Side & { verdict: Authorization['is'] } {
  if (verdict.is !== 'allowed') {
    return { verdict: verdict.is, what: 'refused', why: REFUSED[verdict.is], decidedBy: refusedBy(verdict) }
  }
  const decidedBy = verdict.by.map(policy => ({ object: toRef(policy), field: 'spec.rules' }))
  if (at === 'application') return { verdict: 'allowed', what: 'allowed', why: 'no sidecar, so no policy', decidedBy }
  const why = decidedBy.length > 0 ? 'a rule lets it in' : 'no policy is against it'
  return { verdict: 'allowed', what: 'allowed', why, decidedBy }
}

/** Of several policies each of which could let the request in, all are named. */
function refusedBy(verdict: Exclude<Authorization, { readonly is: 'allowed' }>): readonly Decider[] {
  if (verdict.is === 'not-allowed') return verdict.by.map(policy => ({ object: toRef(policy), field: 'spec.rules' }))
  const { policy, field } = decidingPolicy(verdict)
  return [{ object: toRef(policy), field }]
}
