import t from 'tap'
import { isCatchAll, isForProxy, matchesCall } from '../../src/istio/route-match.ts'
import type { HttpMatch } from '../../src/state/kinds/virtual-service.ts'
import { request } from '../support/workload.ts'

t.test('a proxy has the routes for its port, gateway, labels and namespace', async t => {
  const proxy = { namespace: 'user1', labels: { app: 'a', tier: 'b' }, gateway: 'mesh', port: 80 }
  const table: readonly (readonly [string, HttpMatch, boolean])[] = [
    ['no condition', {}, true],
    ['its port', { port: 80 }, true],
    ['port 0 is absent', { port: 0 }, true],
    ['another port', { port: 81 }, false],
    ['its gateway', { gateways: ['user1/g', 'mesh'] }, true],
    ['another gateway', { gateways: ['user1/g'] }, false],
    ['gateways take the place of labels', { gateways: ['mesh'], sourceLabels: { app: 'x' } }, true],
    ['gateways take the place of the namespace', { gateways: ['mesh'], sourceNamespace: 'user2' }, true],
    ['no gateways: labels', { gateways: [], sourceLabels: { app: 'a' } }, true],
    ['other labels', { sourceLabels: { app: 'a', tier: 'c' } }, false],
    ['its namespace', { sourceNamespace: 'user1' }, true],
    ['an empty namespace is absent', { sourceNamespace: '' }, true],
    ['another namespace', { sourceNamespace: 'user2' }, false],
    ['another namespace with its labels', { sourceLabels: { app: 'a' }, sourceNamespace: 'user2' }, false]
  ]
  for (const [name, match, expected] of table) t.equal(isForProxy(match, proxy), expected, name)
})

t.test('a request meets a condition', async t => {
  const call = request({
    host: 'a.user1.svc.cluster.local',
    path: '/v1/models/a:predict',
    method: 'POST',
    headers: { 'kserve-isvc-name': 'a' }
  })
  const table: readonly (readonly [string, HttpMatch, boolean])[] = [
    ['no condition', {}, true],
    ['an empty condition', { uri: {}, method: {}, authority: {} }, true],
    ['exact path', { uri: { exact: '/v1/models/a:predict' } }, true],
    ['another path', { uri: { exact: '/v1/models/A:predict' } }, false],
    ['path prefix', { uri: { prefix: '/v1/mod' } }, true],
    ['another prefix', { uri: { prefix: '/v2/' } }, false],
    ['regular expression for the whole path', { uri: { regex: '/v1/models/[\\w-]+:predict' } }, true],
    ['regular expression for a part of the path', { uri: { regex: '/v1/models' } }, false],
    ['path in another case', { uri: { exact: '/V1/models/A:predict' }, ignoreUriCase: true }, true],
    ['prefix in another case', { uri: { prefix: '/V1' }, ignoreUriCase: true }, true],
    ['another path in any case', { uri: { exact: '/v2' }, ignoreUriCase: true }, false],
    ['no path in any case', { ignoreUriCase: true }, true],
    ['method', { method: { exact: 'POST' } }, true],
    ['another method', { method: { exact: 'GET' } }, false],
    ['methods', { method: { regex: 'GET|POST' } }, true],
    ['host', { authority: { prefix: 'a.user1' } }, true],
    ['another host', { authority: { exact: 'b' } }, false],
    ['plaintext scheme', { scheme: { exact: 'http' } }, true],
    ['TLS scheme', { scheme: { exact: 'https' } }, false],
    ['a query, which requests do not have', { queryParams: { a: { exact: '' } } }, false],
    ['known header', { headers: { 'KServe-Isvc-Name': { exact: 'a' } } }, true],
    ['another value', { headers: { 'kserve-isvc-name': { exact: 'b' } } }, false],
    ['presence of a header', { headers: { 'kserve-isvc-name': null } }, true],
    ['presence of a header as a regular expression', { headers: { 'kserve-isvc-name': { regex: '*' } } }, true],
    ['missing header', { headers: { x: null } }, false],
    ['missing header with any value', { headers: { x: { regex: '.*' } } }, false],
    ['excluded value', { withoutHeaders: { 'kserve-isvc-name': { exact: 'a' } } }, false],
    ['another value is excluded', { withoutHeaders: { 'kserve-isvc-name': { exact: 'b' } } }, true],
    ['presence is excluded', { withoutHeaders: { 'kserve-isvc-name': {} } }, false],
    ['presence of a missing header is excluded', { withoutHeaders: { x: null } }, true],
    ['value of a missing header is excluded', { withoutHeaders: { x: { prefix: 'a' } } }, true],
    ['excluded value in another case', { withoutHeaders: { 'KServe-Isvc-Name': { exact: 'a' } } }, false],
    ['a missing header is empty', { withoutHeaders: { x: { exact: '' } } }, false]
  ]
  for (const [name, match, expected] of table) t.equal(matchesCall(match, call), expected, name)
})

t.test('conditions on claims are not known at a proxy that has validated the JWT, and not met elsewhere', async t => {
  const admin = { exact: 'admin' }
  const table: readonly (readonly [string, HttpMatch, boolean, boolean | undefined])[] = [
    ['claim', { headers: { '@request.auth.claims.group': admin } }, false, undefined],
    ['nested claim in brackets', { headers: { '@Request.Auth.Claims[group][id]': admin } }, false, undefined],
    ['excluded claim', { withoutHeaders: { '@request.auth.claims[group]': admin } }, true, undefined],
    ['any value of an excluded claim', { withoutHeaders: { '@request.auth.claims.group': {} } }, true, undefined],
    ['claim of another path', { uri: { exact: '/x' }, headers: { '@request.auth.claims.group': admin } }, false, false],
    ['claim without a name', { headers: { '@request.auth.claims.': admin } }, false, false],
    ['claim without a name in brackets', { headers: { '@request.auth.claims[]': admin } }, false, false],
    ['no claims', { withoutHeaders: { x: admin } }, true, true]
  ]
  for (const [name, match, without, withClaims] of table) {
    t.equal(matchesCall(match, request()), without, `${name}, without a JWT`)
    t.equal(matchesCall(match, request(), true), withClaims, name)
  }
})

t.test('a condition on the scheme is not known for a request of an unknown scheme', async t => {
  const table: readonly (readonly [string, HttpMatch, readonly (boolean | undefined)[]])[] = [
    ['http', { scheme: { exact: 'http' } }, [true, false, undefined]],
    ['https', { scheme: { exact: 'https' } }, [false, true, undefined]],
    ['both', { scheme: { prefix: 'http' } }, [true, true, true]],
    ['neither', { scheme: { exact: 'ftp' } }, [false, false, false]],
    ['no condition', {}, [true, true, true]]
  ]
  for (const [name, match, expected] of table) {
    t.same(
      (['http', 'https', 'unknown'] as const).map(scheme => matchesCall(match, request({ scheme }))),
      expected,
      name
    )
  }
})

t.test('a model that defines its own paths has requests below every prefix', async t => {
  const any = request({ path: undefined })
  const below = request({ path: undefined, pathPrefix: '/serving/user1/a/' })
  const table: readonly (readonly [string, HttpMatch, boolean, boolean])[] = [
    ['no condition', {}, true, true],
    ['all paths', { uri: { prefix: '/' } }, true, true],
    ['all paths by a regular expression', { uri: { regex: '/.*' } }, true, true],
    ['the prefix', { uri: { prefix: '/serving/user1/a' } }, false, true],
    ['another prefix', { uri: { prefix: '/serving/user1/b' } }, false, false],
    ['the prefix in another case', { uri: { prefix: '/Serving' }, ignoreUriCase: true }, false, true],
    ['one path', { uri: { exact: '/serving/user1/a/' } }, false, false]
  ]
  for (const [name, match, everywhere, withPrefix] of table) {
    t.equal(matchesCall(match, any), everywhere, name)
    t.equal(matchesCall(match, below), withPrefix, `${name}, with a prefix`)
  }
})

t.test('a route with a condition that every request meets is a catch-all', async t => {
  const table: readonly (readonly [string, HttpMatch, boolean])[] = [
    ['no condition', {}, true],
    ['all paths', { uri: { prefix: '/' } }, true],
    ['an empty condition', { uri: {} }, true],
    ['all paths by a regular expression', { uri: { regex: '.*' } }, true],
    ['only for some proxies', { port: 80, gateways: ['a/b'], sourceNamespace: 'a' }, true],
    ['another regular expression for all paths', { uri: { regex: '/.*' } }, false],
    ['prefix', { uri: { prefix: '/a' } }, false],
    ['path', { uri: { exact: '/' } }, false],
    ['host', { authority: { prefix: 'a' } }, false],
    ['scheme', { scheme: { exact: 'http' } }, false],
    ['method', { method: { exact: 'GET' } }, false],
    ['headers', { headers: { a: null } }, false],
    ['no headers', { headers: {}, withoutHeaders: {}, queryParams: {} }, true],
    ['excluded headers', { withoutHeaders: { a: null } }, false],
    ['query', { queryParams: { a: null } }, false]
  ]
  for (const [name, match, expected] of table) t.equal(isCatchAll(match), expected, name)
})
