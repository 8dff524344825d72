import type { AuthorizationPolicy } from '../istio/authorization-policy.ts'
import { meshOf } from '../istio/mesh.ts'
import type { Call, Token } from '../istio/request.ts'
import type { RequestAuthentication } from '../istio/request-authentication.ts'
import { issuerClasses } from '../istio/token-classes.ts'
import { getOrAdd } from '../state/map.ts'
import { memoize, memoizedConcat, memoizeInView } from '../state/memoize.ts'
import type { View } from '../state/snapshot.ts'
import type { InferenceService } from './inference-service.ts'
import { formatOf } from './runtime.ts'

/** Default protocols of formats, if not v1; `own` means paths that the model defines. */
const PROTOCOL_PATHS: ReadonlyMap<string, string> = new Map([
  ['triton', 'v2'],
  ['huggingface', 'own']
])

type CallView = View<'RequestAuthentication' | 'AuthorizationPolicy' | 'ConfigMap'>

/**
 * Requests that callers send to a model: without a JWT, and with one JWT for each class of issuers that a workload on
 * the path can trust.
 *
 * @param prefix of the URL path
 */
export function callsTo(
  view: CallView,
  service: InferenceService,
  host: string,
  prefix = ''
): readonly [Call, ...Call[]] {
  const withToken = (token: Token | undefined) => callTo(view, service, host, token, prefix)
  return [withToken(undefined), ...tokens(view, service.namespace).map(withToken)]
}

/** Request with a given JWT. Equal requests are the same object, so results can be memoized. */
export function callTo(
  view: CallView,
  service: InferenceService,
  host: string,
  token: Token | undefined,
  prefix = ''
): Call {
  const byToken = getOrAdd(callsByHost(view, service), `${host}${prefix}`, newCalls)
  return getOrAdd(byToken, token, () => makeCall(service, host, token, prefix))
}

type Calls = Map<Token | undefined, Call>

const newCalls = (): Calls => new Map()
const callsByHost = memoizeInView((_view: CallView, _service: InferenceService) => new Map<string, Calls>())

function makeCall(service: InferenceService, host: string, token: Token | undefined, prefix: string): Call {
  const own = inferencePath(service)
  const path = own === undefined ? undefined : `${prefix}${own}`
  const pathPrefix = own === undefined ? `${prefix}/` : undefined
  return { host, path, pathPrefix, method: 'POST', token, headers: {}, headersComplete: false }
}

const tokens: (view: CallView, namespace: string) => readonly Token[] = memoizeInView((view, namespace) => {
  const { istioNamespace, knativeNamespace } = view.settings
  const namespaces = new Set([meshOf(view).rootNamespace, istioNamespace, knativeNamespace, namespace])
  const inNamespaces = <K extends 'RequestAuthentication' | 'AuthorizationPolicy'>(kind: K) =>
    [...namespaces].map(one => view.list(kind, one))
  const policies = allPolicies(inNamespaces('AuthorizationPolicy'))
  return tokensFor(allAuthentications(inNamespaces('RequestAuthentication')))(policies)
})

const allAuthentications = memoizedConcat<RequestAuthentication>()
const allPolicies = memoizedConcat<AuthorizationPolicy>()

/** For all models of a namespace and all states with the same policies. */
const tokensFor = memoize((authentications: readonly RequestAuthentication[]) =>
  memoize((policies: readonly AuthorizationPolicy[]): readonly Token[] =>
    issuerClasses(authentications, policies).map(issuer => ({ issuer }))
  )
)

/**
 * URL path of an inference request by the protocol of the model; absent if the model defines its own.
 * @see https://kserve.github.io/website (data plane, V1 and V2 protocol)
 */
export function inferencePath({ name, spec: { predictor } }: InferenceService): string | undefined {
  const format = predictor === undefined ? undefined : formatOf(predictor)
  if (format === undefined) return undefined
  const version = format.protocolVersion ?? PROTOCOL_PATHS.get(format.name) ?? 'v1'
  if (version === 'v1') return `/v1/models/${name}:predict`
  if (version === 'v2') return `/v2/models/${name}/infer`
  return version === 'grpc-v2' ? '/inference.GRPCInferenceService/ModelInfer' : undefined
}
