import t from 'tap'
import { applyFilters } from '../../src/gateway-api/filters.ts'
import { entriesOf } from '../../src/gateway-api/route-table.ts'
import type { Call } from '../../src/istio/request.ts'
import type { ResourceOf } from '../../src/state/resource.ts'
import { resourceOf } from '../support/snapshot.ts'

const CALL: Call = {
  host: 'iris.example.com',
  path: '/v1/models/iris:predict',
  method: 'POST',
  token: undefined,
  headers: { a: '1', b: '2', c: '3' },
  headersComplete: false
}

function filtered(filters: string, prefix = '/v1/', call = CALL) {
  const [entry] = entriesOf(
    resourceOf(`
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { namespace: user1, name: a }
spec: { rules: [{ matches: [{ path: { value: ${prefix} } }], filters: [${filters}] }] }
`) as ResourceOf<'HTTPRoute'>
  )
  if (entry === undefined) throw new Error('no entry')
  return applyFilters(entry.filters, entry.match, call)
}

const rewriting = (path: string) => `{ type: URLRewrite, urlRewrite: { ${path} } }`

t.test('filters change the request', async t => {
  t.same(filtered('{ type: RequestMirror }, { type: ResponseHeaderModifier }'), { is: 'forwarded', call: CALL })
  const headers = '{ set: [{ name: A, value: x }], add: [{ name: B, value: y }], remove: [C] }'
  t.match(filtered(`{ type: RequestHeaderModifier, requestHeaderModifier: ${headers} }`), {
    call: { headers: { a: 'x', b: undefined, c: undefined } }
  })
  t.match(filtered(rewriting('hostname: other.example.com')), { call: { host: 'other.example.com', path: CALL.path } })
  t.match(filtered(rewriting('path: { type: ReplaceFullPath, replaceFullPath: /x }')), { call: { path: '/x' } })
  const prefix = (value: string) => rewriting(`path: { type: ReplacePrefixMatch, replacePrefixMatch: ${value} }`)
  t.match(filtered(prefix('/v2/')), { call: { path: '/v2/models/iris:predict' } })
  t.match(filtered(prefix('/')), { call: { path: '/models/iris:predict' } })
  t.match(filtered(prefix('/'), '/v1/models/iris:predict'), { call: { path: '/' } })
  t.match(filtered(prefix('/x'), 'null'), { call: { path: '/x/v1/models/iris:predict' } })
  t.match(filtered(prefix('/v2'), '/', { ...CALL, path: undefined }), { call: { path: undefined } })
})

t.test('redirects, and filters that are not modeled', async t => {
  t.match(filtered('{ type: RequestRedirect, requestRedirect: { scheme: https } }'), { is: 'redirected' })
  t.match(filtered('{ type: ExtensionRef, extensionRef: {} }'), { is: 'unknown', type: 'ExtensionRef' })
  t.match(filtered('{}'), { is: 'unknown', type: '' })
  t.match(filtered('{ type: URLRewrite }'), { is: 'unknown', type: 'URLRewrite' })
})
