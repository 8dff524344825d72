import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { UNWATCHED_KINDS, watchedKinds } from '../../src/controller/watched-resources.ts'
import { mutatingWebhooks, validatingWebhooks } from '../../src/controller/webhook-definitions.ts'
import { RULES } from '../../src/rules/index.ts'
import { KNATIVE_CONFIG_MAPS } from '../../src/state/discovery.ts'
import { KINDS } from '../../src/state/resource.ts'
import { webhookOptions } from '../support/controller.ts'

t.test('every kind of a check is watched or listed as unwatched', async t => {
  const { mesh, core } = watchedKinds()
  t.same(
    [...mesh, ...core, ...Object.keys(UNWATCHED_KINDS)].filter(kind => kind in KINDS).sort(),
    Object.keys(KINDS).sort()
  )
  const known = [...mesh, ...core, ...Object.keys(UNWATCHED_KINDS)]
  for (const { id, on } of RULES.checks)
    t.ok(
      on.every(kind => known.includes(kind)),
      id
    )
  t.same(core, [
    'NetworkPolicy',
    'KubernetesGateway',
    'GatewayClass',
    'HTTPRoute',
    'ReferenceGrant',
    'Ingress',
    'IngressClass',
    'Namespace',
    'Service',
    'ConfigMap'
  ])
})

const CONDITIONS = [
  { name: 'not-being-deleted' },
  { name: 'not-controller-owned' },
  { name: 'spec-labels-or-annotations-changed' }
]

t.test('validating webhooks', async t => {
  const [validate, core, selfTest, ...others] = validatingWebhooks(webhookOptions({ failurePolicy: 'Fail' }))
  t.same(others, [])
  t.match(validate, {
    name: 'validate.mesh-guard.io',
    admissionReviewVersions: ['v1'],
    sideEffects: 'None',
    failurePolicy: 'Fail',
    matchPolicy: 'Equivalent',
    timeoutSeconds: 5,
    matchConditions: CONDITIONS,
    clientConfig: {
      service: { namespace: 'mesh-guard', name: 'kserve-mesh-guard', port: 443, path: '/validate' },
      caBundle: 'UEVN'
    },
    namespaceSelector: {
      matchExpressions: [
        { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['mesh-guard', 'kube-system'] }
      ]
    },
    rules: [
      {
        apiGroups: ['serving.kserve.io'],
        apiVersions: ['*'],
        operations: ['CREATE', 'UPDATE', 'DELETE'],
        resources: ['inferenceservices', 'servingruntimes', 'clusterservingruntimes'],
        scope: '*'
      },
      {
        apiGroups: ['networking.istio.io'],
        resources: ['gateways', 'virtualservices', 'destinationrules', 'serviceentries', 'sidecars']
      },
      { apiGroups: ['security.istio.io'] }
    ]
  })
  t.match(core, {
    failurePolicy: 'Ignore',
    rules: [
      { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies', 'ingresses', 'ingressclasses'] },
      {
        apiGroups: ['gateway.networking.k8s.io'],
        resources: ['gateways', 'gatewayclasses', 'httproutes', 'referencegrants']
      },
      { apiGroups: [''], resources: ['namespaces', 'services', 'configmaps'] }
    ]
  })
  t.match(selfTest, {
    failurePolicy: 'Ignore',
    namespaceSelector: { matchExpressions: [{ operator: 'In', values: ['mesh-guard'] }] },
    objectSelector: { matchExpressions: [{ key: 'mesh-guard.io/self-test', operator: 'Exists' }] },
    rules: [{ resources: ['configmaps'], operations: ['CREATE'] }]
  })
})

t.test('mesh kinds are read only in fields that the match conditions compare', async t => {
  for (const kind of watchedKinds().mesh) {
    t.same(
      Object.keys(KINDS[kind].shape.shape).filter(field => !['spec', 'status'].includes(field)),
      [],
      kind
    )
  }
})

t.test('mutating webhook', async t => {
  const webhooks = mutatingWebhooks(webhookOptions())
  t.match(webhooks, [
    {
      name: 'mutate.mesh-guard.io',
      failurePolicy: 'Ignore',
      reinvocationPolicy: 'IfNeeded',
      matchConditions: CONDITIONS,
      clientConfig: { service: { path: '/mutate' } },
      rules: [{ apiGroups: ['serving.kserve.io'], resources: ['inferenceservices'], operations: ['CREATE', 'UPDATE'] }]
    }
  ])
  t.equal(webhooks.length, 1)
})

t.test('ConfigMaps are limited to those that the model reads', async t => {
  const folder = join(import.meta.dirname, '../../src/knative')
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts'))
  const sources = names.map(name => readFileSync(join(folder, name), 'utf8'))
  const maps = sources.flatMap(text => [...text.matchAll(/'(config-[\w-]+)'/g)].map(([, name]) => name))
  t.same([...new Set(maps)].sort(), KNATIVE_CONFIG_MAPS)
  const [, core] = validatingWebhooks(webhookOptions())
  t.match(core, {
    matchConditions: [
      { name: 'not-being-deleted' },
      { name: 'not-controller-owned' },
      {
        expression:
          'request.resource.resource != "configmaps" || request.name in ["inferenceservice-config","config-autoscaler","config-domain","config-istio","config-network","istio","istio-sidecar-injector"]'
      }
    ]
  })
})
