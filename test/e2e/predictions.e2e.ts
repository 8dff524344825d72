/**
 * What the real controllers of KServe and Knative Serving create for models, recorded in test/kserve/recorded. With `RECORD=1`
 * the files are written; otherwise they must be equal. test/kserve/recorded.test.ts compares the predictions with them.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parseAllDocuments, stringify } from 'yaml'
import { openCluster } from './installation.ts'
import { toObjects } from './rendered.ts'
import { INGRESS, setProgrammed, setScaled, startKnative, startKserve } from './serving.ts'
import { createProbes } from './watching.ts'

const root = join(import.meta.dirname, '../..')
const RECORDED = join(root, 'test/kserve/recorded')
const NAMESPACE = 'models'

const predictor = { model: { modelFormat: { name: 'sklearn' }, storageUri: 'gs://models/a' } }
const component = { containers: [{ name: 'kserve-container', image: 'component:1' }] }
const pathTemplate = '/serving/{{ .Namespace }}/{{ .Name }}'
const LOCAL = { 'networking.knative.dev/visibility': 'cluster-local' }

/** Models, with the ingress configuration of KServe that they are created with. */
const CASES: Readonly<Record<string, { ingress?: object; labels?: object; spec?: object }>> = {
  plain: {},
  transformer: { spec: { transformer: component } },
  explainer: { spec: { explainer: component } },
  'all-components': { spec: { transformer: component, explainer: component } },
  'cluster-local': { labels: LOCAL },
  'path-template': { ingress: { pathTemplate }, spec: { explainer: component } },
  'path-template-cluster-local': { ingress: { pathTemplate }, labels: LOCAL },
  'additional-domains': { ingress: { pathTemplate, additionalIngressDomains: ['example.org', 'example.net'] } },
  'without-virtual-host': { ingress: { disableIstioVirtualHost: true }, spec: { transformer: component } }
}

const cluster = await openCluster(t, {
  examples: ['istio', 'knative'],
  controllers: ['deployment-controller', 'replicaset-controller']
})
const { must, get } = cluster
await startKnative(t, cluster)
await startKserve(t, cluster)
const runtimes = toObjects(readFileSync(join(root, 'examples/cluster/kserve.yaml'), 'utf8'))
const apply = (objects: readonly object[]) =>
  must(['apply', '-f', '-'], objects.map(one => stringify(one)).join('---\n'))
await apply([
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
  ...runtimes.filter(({ kind }) => kind === 'ClusterServingRuntime')
])
const { until } = createProbes(cluster.kubectl, line => t.comment(line))
const config = async (namespace: string, name: string): Promise<ConfigMap> => {
  const { data } = await get('configmap', name, '-n', namespace)
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name }, data }
}
interface ConfigMap {
  readonly apiVersion: 'v1'
  readonly kind: 'ConfigMap'
  readonly metadata: { readonly namespace: string; readonly name: string }
  readonly data: Readonly<Record<string, string>>
}
const initial: object = JSON.parse((await config('kserve', 'inferenceservice-config')).data['ingress'] ?? '')

/** Fields of an object that users or controllers set. */
const written = ({ apiVersion, kind, metadata: { namespace, name, labels, annotations }, spec }: Written): object => ({
  apiVersion,
  kind,
  metadata: { namespace, name, labels, annotations: withoutOwners(annotations) },
  spec: { ...spec, clusterIP: undefined, sessionAffinity: undefined }
})
interface Written {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly namespace: string
    readonly name: string
    readonly labels?: object
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly spec: object
}
const withoutOwners = (annotations: Readonly<Record<string, string>> = {}) =>
  Object.fromEntries(
    Object.entries(annotations).filter(
      ([key]) => !key.startsWith('kubectl.') && !key.startsWith('serving.knative.dev/')
    )
  )

const isReady = async (name: string): Promise<boolean> => {
  const { status } = await get('inferenceservice', name, '-n', NAMESPACE)
  const conditions: readonly { type: string; status: string }[] = status?.conditions ?? []
  return conditions.some(({ type, status }) => type === 'IngressReady' && status === 'True')
}

/** Does what autoscaler and net-istio do for a component. */
async function route(service: string): Promise<void> {
  const exists = async (kind: string, name: string) =>
    (await cluster.kubectl(['get', kind, name, '-n', NAMESPACE])).code === 0
  await until(`a Revision of ${service}`, () => exists('podautoscaler', `${service}-00001`))
  await setScaled(must, NAMESPACE, `${service}-00001`)
  await until('an Ingress of it', () => exists(INGRESS, service))
  await setProgrammed(must, NAMESPACE, service)
}

for (const [name, { ingress = {}, labels = {}, spec = {} }] of Object.entries(CASES)) {
  await t.test(name, async t => {
    const data = { ingress: JSON.stringify({ ...initial, ...ingress }) }
    await must(['patch', 'configmap', 'inferenceservice-config', '-n', 'kserve', '-p', JSON.stringify({ data })])
    const model = {
      apiVersion: 'serving.kserve.io/v1beta1',
      kind: 'InferenceService',
      metadata: { name, namespace: NAMESPACE, labels, annotations: { 'serving.kserve.io/deploymentMode': 'Knative' } },
      spec: { predictor, ...spec }
    }
    await apply([model])
    for (const part of ['predictor', ...Object.keys(spec)]) await route(`${name}-${part}`)
    await until('the ingress', () => isReady(name), 60)
    const isOwn = ({ metadata, spec }: Written) =>
      (metadata.name === name || metadata.name.startsWith(`${name}-`)) && !('selector' in spec)
    const written_ = async (kind: string): Promise<readonly Written[]> => (await get(kind, '-n', NAMESPACE)).items
    const objects = [...(await written_('virtualservice')), ...(await written_('service'))].filter(isOwn).map(written)
    const ingresses = (await written_(INGRESS)).filter(isOwn).map(written)
    const configuration = [
      await config('kserve', 'inferenceservice-config'),
      await config('knative-serving', 'config-domain')
    ]
    const text = [
      ...configuration.map(({ data, ...one }) => ({ ...one, data: withoutExamples(data) })),
      model,
      ...objects,
      ...ingresses
    ]
      .map(one => stringify(one, { lineWidth: 0 }))
      .join('---\n')
    const file = join(RECORDED, `${name}.yaml`)
    if (process.env['RECORD'] === '1') writeFileSync(file, text)
    const read = (yaml: string) => parseAllDocuments(yaml).map(document => document.toJS())
    t.same(read(text), read(readFileSync(file, 'utf8')))
    await must(['delete', 'inferenceservice', name, '-n', NAMESPACE, '--wait=false'])
  })
}

/** The keys of a ConfigMap that the predictions read. */
function withoutExamples(data: Readonly<Record<string, string>>): object {
  const keys = ['ingress', 'deploy']
  return Object.fromEntries(
    Object.entries(data).filter(([key]) => keys.includes(key) || key.endsWith('.com') || key.endsWith('.local'))
  )
}
