import t from 'tap'
import { parse, parseAllDocuments } from 'yaml'
import { type Anonymized, anonymizer } from '../../src/report/anonymize.ts'
import { captureObjects, systemNamespaces } from '../../src/report/capture.ts'
import { toCaptureText, unreadableKinds } from '../../src/report/capture-text.ts'
import { readResource } from '../../src/sources/manifest.ts'
import { readManifests } from '../../src/sources/yaml.ts'
import { Snapshot } from '../../src/state/snapshot.ts'
import { resourcesOf } from '../support/snapshot.ts'

const objectsIn = (yaml: string): readonly unknown[] => parseAllDocuments(yaml).map(one => one.toJS())

function sourceOf(yaml: string, namespaces?: readonly string[]) {
  const objects = objectsIn(yaml)
  return { objects, namespaces, state: Snapshot.of(objects.flatMap(object => readResource(object) ?? [])) }
}

const capture = (yaml: string, namespaces?: readonly string[]) =>
  captureObjects(sourceOf(yaml, namespaces), readResource)

const REDUCED: readonly (readonly [
  string,
  string,
  { readonly metadata?: object; readonly [field: string]: unknown }
])[] = [
  [
    'metadata that nothing reads',
    `
apiVersion: v1
kind: Pod
metadata:
  name: a
  namespace: b
  uid: c
  resourceVersion: '1'
  managedFields: [{ manager: kubectl }]
  labels: { team: x }
  annotations: { example.com/a: secret, sidecar.istio.io/status: '{}' }
  ownerReferences: [{ apiVersion: v1, kind: Node, name: d }]
spec:
  nodeName: n
  containers: [{ name: app, image: registry/app, args: [--password], env: [{ name: A, value: secret }] }]
status: { phase: Running, hostIP: 10.0.0.1, podIP: 10.1.0.1 }
`,
    {
      metadata: { labels: { team: 'x' }, annotations: { 'sidecar.istio.io/status': '{}' } },
      spec: { containers: [{ name: 'app' }] },
      status: { phase: 'Running', podIP: '10.1.0.1' }
    }
  ],
  [
    'environment of a sidecar but for the probes that injection replaced',
    `
apiVersion: v1
kind: Pod
metadata: { name: a, namespace: b }
spec:
  containers:
    - name: istio-proxy
      args: [proxy, sidecar]
      env:
        - { name: A, value: secret }
        - { name: ISTIO_KUBE_APP_PROBERS, value: '{"/app-health/app/readyz":{"httpGet":{"port":8080,"scheme":"HTTPS"}}}' }
        - { name: B, valueFrom: { secretKeyRef: { name: c, key: d } } }
`,
    {
      spec: {
        containers: [
          {
            name: 'istio-proxy',
            args: ['proxy', 'sidecar'],
            env: [
              {
                name: 'ISTIO_KUBE_APP_PROBERS',
                value: '{"/app-health/app/readyz":{"httpGet":{"port":8080,"scheme":"HTTPS"}}}'
              }
            ]
          }
        ]
      }
    }
  ],
  [
    'owner, unless it is a controller',
    `
apiVersion: v1
kind: Service
metadata:
  name: a
  namespace: b
  ownerReferences:
    - { apiVersion: v1, kind: Node, name: d, uid: e }
    - { apiVersion: serving.knative.dev/v1, kind: Route, name: r, controller: true, uid: f }
spec: { clusterIP: 10.0.0.1, sessionAffinity: None, ports: [{ port: 80, nodePort: 31000 }] }
`,
    {
      metadata: {
        ownerReferences: [{ apiVersion: 'serving.knative.dev/v1', kind: 'Route', name: 'r', controller: true }]
      },
      spec: { clusterIP: '10.0.0.1', ports: [{ port: 80 }] }
    }
  ],
  [
    'environment and values of unread annotations of an InferenceService: they make new pods',
    `
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: a
  namespace: b
  finalizers: [c]
  annotations:
    example.com/a: secret
    sidecar.istio.io/inject: 'true'
    kubectl.kubernetes.io/last-applied-configuration: secret
spec:
  predictor:
    model: { modelFormat: { name: sklearn }, storageUri: gs://a, env: [{ name: A, value: secret }] }
    containers: [{ name: c, image: d, envFrom: [{ secretRef: { name: e } }] }]
status: { url: http://a.b, modelStatus: {} }
`,
    {
      metadata: { annotations: { 'example.com/a': 'mesh-guard.io/redacted', 'sidecar.istio.io/inject': 'true' } },
      spec: {
        predictor: {
          model: {
            modelFormat: { name: 'sklearn' },
            storageUri: 'gs://a',
            env: [{ name: 'mesh-guard.io/redacted' }]
          },
          containers: [{ name: 'c', image: 'd', envFrom: [{ name: 'mesh-guard.io/redacted' }] }]
        }
      },
      status: { url: 'http://a.b' }
    }
  ]
]

for (const [title, object, expected] of REDUCED) {
  t.test(`a capture omits ${title}`, async t => {
    const [captured] = capture(object)
    const { apiVersion, kind } = parse(object)
    const { metadata, ...body } = expected
    t.same(captured, { apiVersion, kind, metadata: { name: 'a', namespace: 'b', ...metadata }, ...body })
  })
}

t.test('annotations that a template of a ConfigMap prints are read', async t => {
  const captured = capture(`
apiVersion: v1
kind: ConfigMap
metadata: { name: config-network, namespace: knative-serving }
data: { domain-template: '{{.Name}}.{{index .Annotations "example.com/team"}}' }
---
apiVersion: v1
kind: Service
metadata: { name: a, namespace: b, annotations: { example.com/team: x, example.com/other: y } }
`)
  t.match(captured, [
    { kind: 'Service', metadata: { annotations: { 'example.com/team': 'x' } } },
    { kind: 'ConfigMap' }
  ])
  t.notMatch(JSON.stringify(captured), 'example.com/other')
})

const NAMESPACES = `
apiVersion: v1
kind: ConfigMap
metadata: { name: istio, namespace: istio-system }
data: { mesh: 'rootNamespace: policies' }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: public, namespace: gateways }
spec: { gatewayClassName: envoy, listeners: [] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: envoy }
spec: { controllerName: gateway.envoyproxy.io/gatewayclass-controller }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: other, namespace: others }
spec: { gatewayClassName: unknown, listeners: [] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: unknown }
spec: { controllerName: example.com/other }
---
apiVersion: v1
kind: Pod
metadata:
  name: proxy
  namespace: envoy-gateway-system
  labels: { gateway.envoyproxy.io/owning-gateway-name: public, gateway.envoyproxy.io/owning-gateway-namespace: gateways }
spec: { containers: [] }
---
apiVersion: v1
kind: Service
metadata: { name: a, namespace: user1 }
---
apiVersion: v1
kind: Service
metadata: { name: b, namespace: user2 }
---
apiVersion: v1
kind: Namespace
metadata: { name: user2 }
`

t.test('system namespaces are those of control planes, mesh-wide policies, gateways and proxies', async t => {
  t.same(systemNamespaces(sourceOf(NAMESPACES).state), [
    'envoy-gateway-system',
    'gateways',
    'istio-system',
    'knative-serving',
    'kserve',
    'others',
    'policies'
  ])
})

t.test('of other namespaces only cluster-scoped objects are captured, in order', async t => {
  const names = capture(NAMESPACES, ['user1']).map(
    ({ kind, metadata }) => `${kind} ${(metadata as { name: string }).name}`
  )
  t.same(names, [
    'Gateway public',
    'Gateway other',
    'GatewayClass envoy',
    'GatewayClass unknown',
    'Namespace user2',
    'Service a',
    'ConfigMap istio',
    'Pod proxy'
  ])
})

t.test('an object that cannot be parsed, and a kind that is not read, are omitted', async t => {
  const source = sourceOf(NAMESPACES)
  const objects = [
    { apiVersion: 'v1', kind: 'Service', metadata: { name: 'a' }, spec: { ports: 'none' } },
    { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'a' } }
  ]
  t.same(captureObjects({ ...source, objects }, readResource), [])
})

t.test('the header is a comment, and unreadable kinds are a document', async t => {
  const { state } = sourceOf(NAMESPACES)
  const forbidden = state.withUnreadable(new Map([['Pod', 'pods is forbidden:\nno']]))
  const header = { version: 'v1.36.0', namespaces: ['user1', 'user2'], isAnonymous: true }
  const text = toCaptureText(forbidden, [{ apiVersion: 'v1', data: { a: 'on' } }], header, one => one)
  t.equal(
    text,
    `# mesh-guard capture: 1 object of Kubernetes v1.36.0
# Istio in namespace istio-system (ConfigMap istio-system/istio)
# Knative Serving in namespace knative-serving (assumed)
# KServe in namespace kserve (assumed)
# not readable: Pod: pods is forbidden:
# no
# namespaces: user1, user2
# names: pseudonyms, except those that the model knows
# redacted: Secrets, environment, annotations and fields that no decision reads
---
apiVersion: mesh-guard.io/v1
kind: Capture
metadata:
  name: capture
notReadable:
  Pod: |-
    pods is forbidden:
    no
---
apiVersion: v1
data:
  a: "on"`
  )
  const { manifests } = readManifests(text.slice(0, text.lastIndexOf('---')), 'capture')
  t.same([...unreadableKinds(manifests.map(({ object }) => object))], [['Pod', 'pods is forbidden:\nno']])
  const other = { apiVersion: 'mesh-guard.io/v1', kind: 'Capture', notReadable: { Podd: 'x' } }
  t.same([...unreadableKinds([other])], [])
})

const anonymize = (yaml: string): Anonymized => {
  const source = sourceOf(yaml)
  return anonymizer(source.state, captureObjects(source, readResource))
}

t.test('a name has the same pseudonym wherever it stands, and known names stay', async t => {
  const { objects, text } = anonymize(`
apiVersion: v1
kind: Namespace
metadata: { name: acme, labels: { istio-injection: enabled, kubernetes.io/metadata.name: acme } }
---
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: { name: fraud, namespace: acme }
spec: { predictor: { model: { modelFormat: { name: sklearn } } } }
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: fraud-callers, namespace: acme }
spec:
  selector: { matchLabels: { serving.kserve.io/inferenceservice: fraud } }
  rules: [{ from: [{ source: { principals: [cluster.local/ns/acme/sa/runner, cluster.local/ns/knative-serving/sa/activator] } }] }]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: fraud, namespace: istio-system }
spec: { host: Fraud-predictor.acme.svc.cluster.local, trafficPolicy: { tls: { mode: ISTIO_MUTUAL } } }
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: { name: conversion-hook }
webhooks:
  - { name: conversion.istio.io, clientConfig: { service: { name: istiod, namespace: istio-system } } }
  - { name: acme.istio.io, clientConfig: { url: 'https://acme.example.com' } }
`)
  t.match(objects.at(-1), { metadata: { name: 'conversion-hook' }, webhooks: [{ name: 'conversion.istio.io' }, {}] })
  t.notMatch(JSON.stringify(objects).toLowerCase(), /acme|fraud|runner/)
  const [acme, fraud] = [text('acme'), text('fraud')]
  t.match(objects, [
    { metadata: { name: fraud, namespace: acme } },
    { metadata: { namespace: 'istio-system' } },
    {},
    { metadata: { name: acme, labels: { 'istio-injection': 'enabled', 'kubernetes.io/metadata.name': acme } } }
  ])
  const all = JSON.stringify(objects).toLowerCase()
  t.match(all, `"host":"${fraud}-predictor.${acme}.svc.cluster.local"`)
  t.match(all, `"${'cluster.local'}/ns/${acme}/sa/${text('runner')}"`)
  t.match(all, '"cluster.local/ns/knative-serving/sa/activator"')
})

t.test('what a pattern matches within a name stays', async t => {
  const { text } = anonymize(`
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: a, namespace: team7red }
spec: { rules: [{ from: [{ source: { namespaces: [team7*, '*blue', '*ue'] } }], to: [{ operation: { paths: [/x/zulu*] } }] }] }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: a, namespace: acme }
spec:
  hosts: [acme.example.com]
  http: [{ match: [{ uri: { prefix: /api/frau }, authority: { regex: 'green.*' } }], route: [{ destination: { host: fraudulent, subset: darkblue } }] }]
---
apiVersion: v1
kind: Service
metadata: { name: greenfield, namespace: tomato }
`)
  t.match(text('team7red'), /^team7(?!red)/)
  t.match(text('darkblue'), /(?<!dark)blue$/)
  t.match(text('fraudulent'), /^frau(?!dulent)/)
  t.match(text('greenfield'), /^green(?!field)/)
  t.notMatch(text('tomato'), /^team7|^green|blue$/)
})

t.test('pseudonyms keep the order of names, also to known names', async t => {
  const names = ['0first', 'aaa', 'default', 'defaultz', 'iris', 'istio', 'istios', 'zz', 'zzz']
  const services = names.map(name => `apiVersion: v1\nkind: Service\nmetadata: { name: ${name}, namespace: ns }\n`)
  const { text } = anonymize(services.join('---\n'))
  const renamed = names.map(text)
  t.same(renamed, renamed.toSorted())
  t.same(
    renamed.filter(name => names.includes(name)),
    ['default', 'istio']
  )
  t.equal(resourcesOf(services.join('---\n')).length, names.length)
})

t.test('times, addresses, numbers and quantities stay', async t => {
  const { text } = anonymize('apiVersion: v1\nkind: Service\nmetadata: { name: fd00, namespace: a1b2c3 }\n')
  t.not(text('fd00'), 'fd00')
  for (const one of ['2026-01-01T00:00:00Z', 'fd00::1', '10.0.0.0/8', '8080', '30s', '100m']) t.equal(text(one), one)
})
