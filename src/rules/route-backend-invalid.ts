import { GATEWAY_GROUP } from '../istio/policy-target.ts'
import type { BackendInvalid } from '../request/route-failure.ts'
import { nameOf } from '../state/resource.ts'
import { defineFailure, type Fix } from './lib/rule.ts'

export default defineFailure({
  id: 'route-backend-invalid',
  cause: 'backend-invalid',
  summary: 'An HTTPRoute or Ingress of a model has a backend that its gateway cannot use',
  symptom: '500 or 503 from the gateway; the HTTPRoute has condition `ResolvedRefs: False`',
  explain(failure) {
    const { route, field } = failure
    return {
      object: route,
      field: route.kind === 'HTTPRoute' ? `${field}.backendRefs` : `${field}.backend`,
      message: `${nameOf(route)} ${DEFECTS[failure.reason](backendName(failure))}`,
      fix: fixOf(failure)
    }
  }
})

const DEFECTS: { readonly [R in BackendInvalid['reason']]: (backend: string) => string } = {
  none: () => 'has no backend for the request',
  'not-granted': backend => `uses ${backend} without a ReferenceGrant there`,
  'no-service': backend => `uses ${backend}, which does not exist`,
  'no-port': backend => `uses ${backend}, which has no such port`
}

function backendName({ backend }: BackendInvalid): string {
  return `Service ${backend?.namespace}/${backend?.name}:${backend?.port}`
}

function fixOf({ route, reason, backend }: BackendInvalid): Fix {
  if (reason !== 'not-granted' || backend === undefined) return { text: 'Name a Service of the model and its port' }
  const { namespace, name } = backend
  const grant = {
    apiVersion: `${GATEWAY_GROUP}/v1beta1`,
    kind: 'ReferenceGrant',
    metadata: { namespace, name: `httproutes-of-${route.namespace}-to-${name}`.slice(0, 253) },
    spec: {
      from: [{ group: GATEWAY_GROUP, kind: 'HTTPRoute', namespace: route.namespace }],
      to: [{ group: '', kind: 'Service', name }]
    }
  }
  return { text: `Create a ReferenceGrant in namespace ${namespace}`, apply: [grant] }
}
