import { nameOf } from '../../state/resource.ts'
import { toYaml } from '../../text/to-yaml.ts'
import type { CallResultView } from '../call-result.ts'
import type { Side } from '../connection-sides.ts'
import type { FailureView, HopView } from '../explanation.ts'
import { hopLines, principalName } from '../hop-text.ts'
import type { CauseData, HopData } from './page-data.ts'

/** A hop as the page draws it. What differs between the endpoints of a hop is listed. */
export function toHopData(hop: HopView): HopData {
  const { name, verdict, calls } = hop
  const [server = '', client = ''] = name.split('->').reverse()
  const [, ...facts] = hopLines(hop, new Set(), () => [])
  const connected = calls.flatMap(({ identity, authorization }) =>
    authorization === undefined
      ? []
      : { identity: principalName(identity), authorization: authorizationText(authorization) }
  )
  const identities = connected.map(one => one.identity)
  const authorizations = connected.map(one => one.authorization)
  return {
    client,
    server,
    verdict,
    labels: [...list('TLS: ', calls.map(tlsText)), ...list('identity: ', identities)],
    result: verdict === 'ok' ? list('', authorizations) : reasonOf(hop),
    facts: facts.map(line => line.trim())
  }
}

/** One line with the distinct texts; none without texts. */
function list(head: string, texts: readonly string[]): readonly string[] {
  return texts.length === 0 ? [] : [head + [...new Set(texts)].join('; ')]
}

function tlsText({ client, server }: CallResultView): string {
  const by = server.configuredBy.length === 0 ? '' : ` (${objectsOf(server)})`
  return `client sends ${client.description}, server accepts ${server.description}${by}`
}

/** Why a hop is not ok. */
function reasonOf({ failure, unknownReason }: HopView): readonly string[] {
  if (failure === undefined) return [`UNKNOWN: ${unknownReason}`]
  return [`BLOCKED: ${failure.rule}`, ...(failure.object === undefined ? [] : [`by ${atText(failure)}`])]
}

const authorizationText = (side: Side) =>
  `${side.description}${side.configuredBy.length === 0 ? `: ${side.reason}` : ` by ${objectsOf(side)}`}`

const objectsOf = ({ configuredBy }: Side) => configuredBy.map(({ object }) => nameOf(object)).join(', ')

/** Cause of a blocked hop. */
export function toCauseData(failure: FailureView): CauseData {
  const { rule, message, symptom, fix } = failure
  const objects = (fix?.apply ?? []).map(object => toYaml(object))
  const removals = (fix?.remove ?? []).map(one => `# remove ${nameOf(one)}\n`)
  return {
    rule,
    message,
    at: atText(failure),
    symptom,
    fix: fix?.text ?? '',
    yaml: [...objects, ...removals].join('---\n')
  }
}

/** `caller → ingress-gateway → pod` */
export function pathTitle(hops: readonly Pick<HopView, 'name'>[]): string {
  const [first, ...others] = hops.map(({ name }) => name.split('->').filter(one => one !== ''))
  return [...(first ?? []), ...others.flatMap(one => one.slice(-1))].join(' → ')
}

const atText = ({ object, field }: FailureView) => (object === undefined ? '' : `${nameOf(object)} ${field}`)
