import { Buffer } from 'node:buffer'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import t from 'tap'
import { parse } from 'yaml'
import type { WrittenPolicy } from '../../src/engine/to-findings.ts'
import { admission } from '../../src/server/admission.ts'
import { createMetrics } from '../../src/server/metrics.ts'
import { staticSource } from '../../src/sources/static-source.ts'
import { evaluatorOf, WRITTEN_POLICY } from '../support/evaluator.ts'
import { stockWith } from '../support/snapshot.ts'

type Test = Pick<typeof t, 'teardown'>

/** Admission routes on a stock installation with additional objects. */
async function build(
  t: Test,
  yaml = '',
  policy: WrittenPolicy = WRITTEN_POLICY,
  options: FastifyServerOptions = {}
): Promise<FastifyInstance> {
  const app = Fastify(options)
  const evaluator = await evaluatorOf(staticSource(stockWith(yaml)), () => policy, 'mesh-guard')
  const metrics = createMetrics(evaluator)
  await app.register(admission, {
    evaluator,
    policy: () => policy,
    ownNamespace: 'mesh-guard',
    metrics,
    maxInFlight: 64
  })
  t.teardown(() => app.close())
  t.teardown(evaluator.close)
  return app
}

const STRICT = `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { namespace: istio-system, name: default }
spec: { mtls: { mode: STRICT } }
`
const USER_STRICT = STRICT.replace('istio-system', 'user1')
const MODEL = `
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: { namespace: user1, name: new }
spec: { predictor: { model: { modelFormat: { name: sklearn } } } }
`

function review(yaml: string, more: object = {}): object {
  const object = parse(yaml)
  const [group = '', version = group] = object.apiVersion.includes('/')
    ? object.apiVersion.split('/')
    : ['', object.apiVersion]
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'u-1',
      kind: { group, version, kind: object.kind },
      operation: 'CREATE',
      name: object.metadata.name ?? '',
      namespace: object.metadata.namespace ?? '',
      object,
      oldObject: null,
      ...more
    }
  }
}

async function post(
  app: FastifyInstance,
  url: string,
  payload: object,
  headers: Readonly<Record<string, string>> = {}
) {
  const response = await app.inject({ method: 'POST', url, payload, headers })
  return { status: response.statusCode, body: response.json() }
}

t.test('denial has HTTP status 200', async t => {
  const { status, body } = await post(await build(t), '/validate', review(STRICT))
  t.equal(status, 200)
  t.match(body, {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: {
      uid: 'u-1',
      allowed: false,
      status: {
        code: 403,
        reason: 'Forbidden',
        message:
          /^strict-mesh-plain-local-gateway: Mesh-wide STRICT, .*\n {2}at PeerAuthentication istio-system\/default spec.mtls.mode\n {2}symptom: .*\n {2}fix: [\s\S]*\n {2}more: https:\/\/kserve-mesh-guard.github.io\/kserve-mesh-guard\/rules\/strict-mesh-plain-local-gateway$/,
        details: { causes: [{ reason: 'strict-mesh-plain-local-gateway', field: 'spec.mtls.mode' }] }
      },
      auditAnnotations: { decision: 'deny', rules: 'strict-mesh-plain-local-gateway' }
    }
  })
  t.equal(body.response.warnings, undefined)
})

t.test('admission has no message', async t => {
  t.same((await post(await build(t), '/validate', review(MODEL))).body.response, {
    uid: 'u-1',
    allowed: true,
    auditAnnotations: { decision: 'allow' }
  })
})

t.test('warnings are short, ASCII and limited in number', async t => {
  const policy = { ...WRITTEN_POLICY, rules: { 'strict-mesh-plain-local-gateway': 'warn' } } as const
  const { body } = await post(await build(t, '', policy), '/validate', review(STRICT))
  t.equal(body.response.allowed, true)
  t.equal(body.response.warnings.length, 1)
  t.equal(body.response.warnings[0].length, 120)
  t.match(body.response.warnings[0], /^strict-mesh-plain-local-gateway: Mesh-wide STRICT.*…$/)
  const sidecarless = Array.from({ length: 12 }, (_, i) =>
    MODEL.replace('name: new', `name: new-${i}, labels: { sidecar.istio.io/inject: "false" }`)
  )
  const many = await post(await build(t, sidecarless.join('---'), policy), '/validate', review(USER_STRICT))
  t.equal(many.body.response.warnings.length, 11)
  t.equal(many.body.response.warnings.at(-1), 'and 2 more')
})

t.test('denial includes warnings and pre-existing findings', async t => {
  const sidecarless = MODEL.replace('name: new', 'name: sidecarless, labels: { sidecar.istio.io/inject: "false" }')
  const { body } = await post(await build(t, sidecarless), '/validate', review(STRICT))
  t.match(body.response.warnings, [/^strict-without-sidecar: /])
  const [before, after] = [sidecarless, sidecarless.replace('"false"', '"false", team: blue')]
  const update = review(after, { operation: 'UPDATE', oldObject: parse(before) })
  const old = await post(await build(t, `${STRICT}---${before}`), '/validate', update)
  t.equal(old.body.response.allowed, true)
  t.match(old.body.response.warnings, [/^pre-existing: strict-without-sidecar: /])
})

t.test('unevaluated change is admitted with a warning, or denied by configuration', async t => {
  const broken = review(MODEL.replace('predictor: {', 'predictor: { minReplicas: many,'))
  const warned = await post(await build(t), '/validate', broken)
  t.match(warned.body.response, {
    allowed: true,
    warnings: [
      'not evaluated: object: InferenceService user1/new: spec.predictor.minReplicas: invalid input: expected number, received string'
        .slice(0, 119)
        .concat('…')
    ]
  })
  const denied = await post(await build(t, '', { ...WRITTEN_POLICY, unevaluated: 'deny' }), '/validate', broken)
  t.match(denied.body.response, {
    allowed: false,
    status: { message: /^not evaluated \(unevaluated: deny\): object: InferenceService user1\/new: / }
  })
})

t.test('exception admits the change with a warning', async t => {
  const rule = 'strict-mesh-plain-local-gateway'
  const exceptions = [
    { rule, selector: { name: 'default' }, reason: 'we migrate', owner: 'mesh', expires: '2999-01-31' }
  ]
  const policy = { ...WRITTEN_POLICY, exceptions }
  const { body } = await post(await build(t, '', policy), '/validate', review(STRICT))
  t.same(body.response, {
    uid: 'u-1',
    allowed: true,
    warnings: [`${rule}: excepted until 2999-01-31 by mesh: PeerAuthentication istio-system/default: we migrate`],
    auditAnnotations: { decision: 'allow', suppressed: rule }
  })
  const strict = { ...policy, unevaluated: 'deny' as const }
  t.equal((await post(await build(t, '', strict), '/validate', review(STRICT))).body.response.allowed, true)
})

t.test('irrelevant requests are admitted without a warning', async t => {
  const app = await build(t)
  const DEPLOYMENT = 'apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: a, namespace: b }'
  for (const [name, body] of [
    ['another kind', review(DEPLOYMENT)],
    ['a subresource', review(STRICT, { subResource: 'status' })],
    ['a connection', review(STRICT, { operation: 'CONNECT' })],
    ['our own namespace', review(STRICT.replace('istio-system', 'mesh-guard'))]
  ] as const) {
    for (const url of ['/validate', '/mutate']) {
      const { body: answer } = await post(app, url, body)
      t.match(answer.response, { allowed: true, warnings: undefined, patch: undefined }, `${name} ${url}`)
    }
  }
})

t.test('updates, deletions, dry runs and generateName are evaluated', async t => {
  const rule =
    'apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: { namespace: istio-system, name: default }\nspec: { host: "*.local", trafficPolicy: { tls: { mode: ISTIO_MUTUAL } } }'
  const app = await build(t, rule)
  const harmless = rule.replace('ISTIO_MUTUAL', 'DISABLE')
  const allowed = async (body: object) => (await post(app, '/validate', body)).body.response.allowed
  t.equal(await allowed(review(rule, { operation: 'UPDATE', oldObject: parse(harmless) })), false)
  t.equal(await allowed(review(rule, { operation: 'UPDATE', oldObject: parse(harmless), dryRun: true })), false)
  t.equal(await allowed(review(rule, { operation: 'DELETE', object: null, oldObject: parse(rule) })), true)
  const generated = MODEL.replace('name: new', 'generateName: new-')
  t.match(
    (await post(app, '/validate', review(generated))).body.response,
    { allowed: true, warnings: [/^client-mtls-to-plain-listener: /] },
    'new model that an existing object blocks'
  )
  t.equal(await allowed(review(MODEL, { object: parse(rule) })), true, 'object of another kind than the request')
})

t.test('/mutate answers with a patch, or without one', async t => {
  const app = await build(t, USER_STRICT)
  const { body } = await post(app, '/mutate', review(MODEL))
  t.equal(body.response.patchType, 'JSONPatch')
  t.match(JSON.parse(Buffer.from(body.response.patch, 'base64').toString()), [
    { op: 'add', path: '/metadata/labels' },
    { op: 'add', path: '/metadata/annotations' }
  ])
  t.same((await post(await build(t), '/mutate', review(MODEL))).body.response, { uid: 'u-1', allowed: true })
})

t.test('log line has the decision and the cache state', async t => {
  const lines: string[] = []
  const logger = { stream: { write: (line: string) => lines.push(line) } }
  const app = await build(t, USER_STRICT, WRITTEN_POLICY, { logger })
  const cache = { stalest: 'InferenceService', stalenessSeconds: 0, notSynced: {} }
  for (const [url, body, expected] of [
    ['/validate', review(STRICT), { msg: 'admission decision', uid: 'u-1', decision: 'deny', cache }],
    ['/mutate', review(MODEL), { msg: 'mutation applied', uid: 'u-1', cache }]
  ] as const) {
    await post(app, url, body)
    const line = lines.map(one => JSON.parse(one)).find(({ msg }) => msg === expected.msg)
    t.match(line, expected, url)
  }
})

t.test('log line has the trace context, if any', async t => {
  const lines: string[] = []
  const app = await build(t, USER_STRICT, WRITTEN_POLICY, {
    logger: { stream: { write: (line: string) => lines.push(line) } }
  })
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  for (const [headers, expected] of [
    [{ traceparent }, traceparent],
    [{ traceparent: 'x'.repeat(1000) }, undefined],
    [{}, undefined]
  ] as const) {
    for (const url of ['/validate', '/mutate']) {
      lines.splice(0)
      await post(app, url, review(MODEL), headers)
      const line = lines
        .map(one => JSON.parse(one))
        .find(({ msg }) => msg === 'admission decision' || msg === 'mutation applied')
      t.match(line, { uid: 'u-1' })
      t.equal(line.traceparent, expected)
    }
  }
})

t.test('request that is no AdmissionReview v1 gets status 400', async t => {
  const app = await build(t)
  for (const [name, body, message] of [
    ['another kind', { apiVersion: 'v1', kind: 'Pod' }, /not an AdmissionReview of admission.k8s.io\/v1: apiVersion/],
    ['an old version', { ...review(MODEL), apiVersion: 'admission.k8s.io/v1beta1' }, /apiVersion: Invalid input/],
    ['no request', { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' }, /request: Invalid input/]
  ] as const) {
    for (const url of ['/validate', '/mutate']) {
      const { status, body: answer } = await post(app, url, body)
      t.equal(status, 400, name)
      t.match(answer.message, message)
    }
  }
})

t.test('evaluation timeout is admitted with a warning, or denied by configuration', async t => {
  const reason = 'evaluation took longer than 0 s'
  const deny = { ...WRITTEN_POLICY, unevaluated: 'deny' } as const
  const lines: string[] = []
  const logger = { stream: { write: (line: string) => lines.push(line) } }
  const [warning, denying] = [await build(t, '', WRITTEN_POLICY, { logger }), await build(t, '', deny)]
  const ask = async (app: FastifyInstance, url: string, yaml = STRICT) =>
    (await post(app, `${url}?timeout=0s`, review(yaml))).body.response
  t.same(await ask(warning, '/validate'), {
    uid: 'u-1',
    allowed: true,
    warnings: [`not evaluated: object: ${reason}`],
    auditAnnotations: { decision: 'warn' }
  })
  t.match(await ask(denying, '/validate'), {
    allowed: false,
    status: { message: `not evaluated (unevaluated: deny): object: ${reason}` }
  })
  for (const app of [warning, denying]) {
    t.same(await ask(app, '/mutate'), { uid: 'u-1', allowed: true, warnings: [`Nothing was injected: ${reason}`] })
    const ownNamespace = STRICT.replace('istio-system', 'mesh-guard')
    for (const url of ['/validate', '/mutate'])
      t.same(await ask(app, url, ownNamespace), { uid: 'u-1', allowed: true }, url)
  }
  const line = lines.map(one => JSON.parse(one)).find(({ msg }) => msg === 'not evaluated')
  t.match(line, {
    level: 40,
    uid: 'u-1',
    operation: 'CREATE',
    object: {
      apiVersion: 'security.istio.io/v1',
      kind: 'PeerAuthentication',
      namespace: 'istio-system',
      name: 'default'
    },
    reason
  })
})

t.test('request without a body gets status 400', async t => {
  const app = await build(t)
  const { statusCode, body } = await app.inject({ method: 'POST', url: '/validate' })
  t.equal(statusCode, 400)
  t.match(body, 'body: empty')
})
