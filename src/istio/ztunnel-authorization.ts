import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import { matches } from '../text/pattern.ts'
import { hasLabels, isEmpty } from '../text/selector.ts'
import { all, any, type Tristate } from '../text/tristate.ts'
import { type Authorization, type AuthorizationKinds, actionOf, isEnforced } from './authorization.ts'
import type { AuthorizationPolicy, Operation, Rule, Source } from './authorization-policy.ts'
import { meshOf } from './mesh.ts'
import { targetRefsOf } from './policy-target.ts'
import type { Request } from './request.ts'
import { addressField, type Field, isSpecified, matchesField } from './rule-field.ts'

/**
 * AuthorizationPolicies that the ztunnel of a pod enforces. Without a selector a policy is for its namespace, in the root
 * namespace for all; with an empty one it is attached to no pod.
 * @see istio 1.31 pilot/pkg/serviceregistry/ambient/authorization.go (convertAuthorizationPolicy), workloads.go
 * (buildWorkloadPolicies)
 */
export function ztunnelPolicies(view: View<AuthorizationKinds>, workload: Workload): readonly AuthorizationPolicy[] {
  const { rootNamespace } = meshOf(view, workload)
  return [...new Set([rootNamespace, workload.namespace])]
    .flatMap(namespace => view.list('AuthorizationPolicy', namespace))
    .filter(policy => isEnforcedByZtunnel(policy) && isFor(policy, workload))
}

/** ztunnel has no CUSTOM or AUDIT policies; those for targets are enforced by waypoints. */
export function isEnforcedByZtunnel(policy: AuthorizationPolicy): boolean {
  const action = actionOf(policy)
  return isEnforced(policy) && targetRefsOf(policy.spec).length === 0 && (action === 'ALLOW' || action === 'DENY')
}

function isFor({ spec: { selector } }: AuthorizationPolicy, { labels }: Workload): boolean {
  if (selector === undefined) return true
  return !isEmpty(selector.matchLabels) && hasLabels(labels, selector.matchLabels)
}

/**
 * Evaluates DENY, then ALLOW policies of a connection. Unknown properties are resolved in favor of it.
 * @see ztunnel 62d8265 src/state.rs (assert_rbac), src/rbac.rs (matches)
 */
export function authorizeAtZtunnel(
  view: View<AuthorizationKinds>,
  workload: Workload,
  request: Request
): Authorization {
  const policies = ztunnelPolicies(view, workload)
  for (const by of policies.filter(one => actionOf(one) === 'DENY').sort(byName)) {
    const rule = by.spec.rules.findIndex(one => matchesConnection(one, by, request) === true)
    if (rule >= 0) return { is: 'denied', by, rule }
  }
  const [first, ...others] = policies.filter(one => actionOf(one) === 'ALLOW')
  if (first === undefined) return { is: 'allowed', by: [] }
  const by = [first, ...others].filter(policy =>
    policy.spec.rules.some(rule => matchesConnection(rule, policy, request) !== false)
  )
  return by.length > 0 ? { is: 'allowed', by } : { is: 'not-allowed', by: [first, ...others] }
}

const nameText = ({ namespace, name }: AuthorizationPolicy) => `${namespace}/${name}`
const byName = (a: AuthorizationPolicy, b: AuthorizationPolicy) => (nameText(a) < nameText(b) ? -1 : 1)

/** Fields of a rule by clause: each clause must match, by one of its alternatives. */
type Clauses = readonly (readonly (readonly Field[])[])[]

/** Istio drops ALLOW rules with HTTP fields, and ignores such fields of DENY rules. An alternative without fields never matches. */
function matchesConnection(rule: Rule | null, policy: AuthorizationPolicy, request: Request): Tristate {
  if (rule === null || (actionOf(policy) === 'ALLOW' && httpFieldsOf(rule).length > 0)) return false
  return all(
    clausesOf(rule, policy, request).map(alternatives =>
      any(
        alternatives
          .map(fields => fields.filter(isSpecified))
          .map(fields => (fields.length === 0 ? false : all(fields.map(field => matchesField(field, false)))))
      )
    )
  )
}

type Connection = Pick<Request, 'identity' | 'from' | 'to'>

function clausesOf({ from, to, when }: Rule, { namespace }: AuthorizationPolicy, request: Connection): Clauses {
  return [
    ...(to.length === 0 ? [] : [to.map(({ operation }) => (operation ? [portField(operation, request)] : []))]),
    ...(from.length === 0 ? [] : [from.map(({ source }) => (source ? sourceFields(source, namespace, request) : []))]),
    ...when.map(({ key, values, notValues }) => {
      const field = conditionField(key, values, notValues, request)
      return [field === undefined ? [] : [field]]
    })
  ]
}

/** Rules that never match a connection because ztunnel ignores their fields; of an ALLOW policy also those that istiod drops. */
export function ignoredRules(
  policy: AuthorizationPolicy
): readonly { readonly index: number; readonly fields: readonly string[] }[] {
  return policy.spec.rules.flatMap((rule, index) => {
    const fields = rule === null ? [] : httpFieldsOf(rule)
    if (rule === null || fields.length === 0) return []
    const isVoid = (alternatives: readonly (readonly Field[])[]) => alternatives.every(one => !one.some(isSpecified))
    return actionOf(policy) === 'ALLOW' || clausesOf(rule, policy, ANY).some(isVoid) ? [{ index, fields }] : []
  })
}

const ANY: Connection = {
  identity: undefined,
  from: undefined,
  to: { address: undefined, port: 0 }
}

const toField = (
  values: readonly string[],
  notValues: readonly string[],
  isMatch: (value: string) => Tristate
): Field => ({ values, notValues, http: false, isMatch })

const portField = ({ ports, notPorts }: Pick<Operation, 'ports' | 'notPorts'>, { to }: Connection) =>
  toField(ports, notPorts, value => Number(value) === to.port)

function sourceFields(source: Source, own: string, request: Connection): readonly Field[] {
  const { principals, notPrincipals, namespaces, notNamespaces, ipBlocks, notIpBlocks } = source
  const { serviceAccounts, notServiceAccounts } = source
  const { principal, namespace, account } = partsOf(request.identity)
  const isAccount = (value: string) =>
    account !== undefined && (value.includes('/') ? value : `${own}/${value}`) === `${namespace}/${account}`
  return [
    addressField({ values: ipBlocks, notValues: notIpBlocks }, request.from),
    toField(namespaces, notNamespaces, value => matchesText(value, namespace)),
    toField(serviceAccounts, notServiceAccounts, isAccount),
    toField(principals, notPrincipals, value => matchesText(value, principal))
  ]
}

/** Field of a condition that ztunnel knows. */
function conditionField(
  key: string,
  values: readonly string[],
  notValues: readonly string[],
  request: Connection
): Field | undefined {
  const { principal, namespace } = partsOf(request.identity)
  if (key === 'source.namespace') return toField(values, notValues, value => matchesText(value, namespace))
  if (key === 'source.principal') return toField(values, notValues, value => matchesText(value, principal))
  if (key === 'source.ip') return addressField({ values, notValues }, request.from)
  if (key === 'destination.ip') return addressField({ values, notValues }, request.to.address)
  return key === 'destination.port' ? portField({ ports: [...values], notPorts: [...notValues] }, request) : undefined
}

const matchesText = (value: string, text: string | undefined) => text !== undefined && matches(value, text)

interface IdentityParts {
  readonly principal?: string
  readonly namespace?: string | undefined
  readonly account?: string | undefined
}

/** Parts of a SPIFFE identity `spiffe://<trust domain>/ns/<namespace>/sa/<service account>`. */
function partsOf(identity: string | undefined): IdentityParts {
  if (identity === undefined) return {}
  const principal = identity.slice('spiffe://'.length)
  const [, , namespace, , account] = principal.split('/')
  return { principal, namespace, account }
}

const CONDITIONS = ['source.ip', 'source.namespace', 'source.principal', 'destination.ip', 'destination.port']

/**
 * Fields of a rule that only a proxy for HTTP evaluates, by name.
 * @see istio 1.31 pilot/pkg/serviceregistry/ambient/authorization.go (handleRule)
 */
export function httpFieldsOf({ from, to, when }: Rule): readonly string[] {
  const ofSources = from.flatMap(({ source }) => (source ? specified(source, HTTP_SOURCES) : []))
  const ofOperations = to.flatMap(({ operation }) => (operation ? specified(operation, HTTP_OPERATIONS) : []))
  const ofConditions = when.map(({ key }) => key).filter(key => !CONDITIONS.includes(key))
  return [...new Set([...ofSources, ...ofOperations, ...ofConditions])]
}

const HTTP_SOURCES = ['remoteIpBlocks', 'notRemoteIpBlocks', 'requestPrincipals', 'notRequestPrincipals'] as const
const HTTP_OPERATIONS = ['hosts', 'notHosts', 'methods', 'notMethods', 'paths', 'notPaths'] as const

function specified<K extends string>(object: Readonly<Record<K, readonly string[]>>, keys: readonly K[]): readonly K[] {
  return keys.filter(key => object[key].length > 0)
}
