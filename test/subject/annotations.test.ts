import t from 'tap'
import { modelLiterals } from '../../scripts/known-words.ts'
import { annotationFilter } from '../../src/subject/annotations.ts'
import { configMap } from '../support/objects.ts'
import { stateOf } from '../support/snapshot.ts'

const isRead = annotationFilter(stateOf(''))

/** Labels, controllers, protocols, API versions, and annotations that are only left out. */
const NO_ANNOTATIONS = [
  'kubernetes.io/metadata.name',
  'gateway.envoyproxy.io/gatewayclass-controller',
  'kgateway.dev/kgateway',
  'projectcontour.io/gateway-controller',
  'gateway.nginx.org/nginx-gateway-controller',
  'traefik.io/gateway-controller',
  'apisix.apache.org/apisix-ingress-controller',
  'gateway.envoyproxy.io/owning-gateway-name',
  'gateway.envoyproxy.io/owning-gateway-namespace',
  'gateway.envoyproxy.io/owning-gatewayclass',
  'gateway.networking.k8s.io/gateway-name',
  'internal.serving.kserve.io/storage-initializer-sourceuri',
  'kubernetes.io/h2c',
  'networking.k8s.io/v1',
  'kubernetes.io/service-name',
  'app.kubernetes.io/version',
  'app.kubernetes.io/component',
  'app.kubernetes.io/name',
  'app.kubernetes.io/part-of',
  'kubectl.kubernetes.io/last-applied-configuration'
]

t.test('each annotation that the model names is read', async t => {
  const keys = modelLiterals().filter(one => /^[a-z0-9.-]+\.[a-z]+\/[\w.-]+$/.test(one))
  t.same(
    [...new Set(keys)].filter(key => !isRead(key) && !NO_ANNOTATIONS.includes(key)),
    []
  )
})

t.test('an annotation that a template prints is read', async t => {
  const template = `{{.Name}}-{{index .Annotations "example.com/team"}}`
  const state = stateOf(
    configMap('knative-serving', 'config-network', { 'domain-template': template, other: 'example.com/a' })
  )
  t.ok(annotationFilter(state)('example.com/team'))
  t.notOk(annotationFilter(state)('example.com/a'))
})
