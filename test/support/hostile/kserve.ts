import {
  entries,
  type HostileInput,
  inherited,
  LONE_SURROGATE,
  type Manifest,
  nested,
  object,
  PROTO,
  times
} from './row.ts'

const GROUP = 'serving.kserve.io'
const BURST = 'autoscaling.knative.dev/targetBurstCapacity'
const PREDICTOR = { model: { modelFormat: { name: 'sklearn' } } }

export const model = (metadata: object, spec: unknown = { predictor: PREDICTOR }) =>
  object(`${GROUP}/v1beta1`, 'InferenceService', spec, { ...metadata })
const annotated = (annotations: object) => model({ annotations })
const labelled = (labels: object) => model({ labels })
const graph = (spec: unknown, metadata: object = {}) =>
  object(`${GROUP}/v1alpha1`, 'InferenceGraph', spec, { ...metadata })
const runtime = (spec: unknown, metadata: object = {}) =>
  object(`${GROUP}/v1alpha1`, 'ServingRuntime', spec, { ...metadata })
const clusterRuntime = (spec: unknown): Manifest => ({
  apiVersion: `${GROUP}/v1alpha1`,
  kind: 'ClusterServingRuntime',
  metadata: { name: 'hostile' },
  spec
})
const generative = (spec: unknown) => object(`${GROUP}/v1alpha1`, 'LLMInferenceService', spec)

/** Label value of the maximum length, 63 characters. */
const longValue = (i: number) => `v${i}`.padEnd(63, 'x')

/** JSON of a model with raw text as one value of its predictor. */
const withText = (key: string, text: string) =>
  JSON.stringify(model({}, { predictor: { ...PREDICTOR, [key]: '@' } })).replace('"@"', text)
const withNumber = (text: string) => withText('minReplicas', text)
const withDeep = (text: string) => withText('deep', text)

/** Values of annotations that Knative parses as a number; annotations are limited to 256 KiB in total. */
const NUMBERS: readonly (readonly [string, string])[] = [
  ['200,000 digits and a letter', `${'1'.repeat(200_000)}x`],
  ['200,000 hexadecimal digits and a letter', `0x${'f'.repeat(200_000)}x`],
  ['100,000 digits with underscores between', '1_'.repeat(100_000)],
  ['200,000 digits of a fraction and an exponent of 50,000', `0.${'0'.repeat(200_000)}1e${'9'.repeat(50_000)}`],
  ['200,000 hexadecimal digits of a fraction', `0x.${'f'.repeat(200_000)}p-1`],
  ['NaN', 'NaN'],
  ['minus infinity', '-Infinity'],
  ['minus zero', '-0'],
  ['a number above all doubles', '1e999'],
  ['a NUL after the number', '0\u0000'],
  ['blanks of Unicode around the number', '\u00a00\u2003'],
  ['digits of another script', '\u0660'],
  ['200,000 blanks', ' '.repeat(200_000)]
]

/** InferenceServices of a hostile tenant. */
const inferenceServices: readonly HostileInput[] = [
  ...NUMBERS.map(([what, value]) => ({
    name: `InferenceService: burst capacity is ${what}`,
    admitted: true,
    make: () => annotated({ [BURST]: value })
  })),
  {
    name: 'InferenceService: 250,000 commas as excluded inbound ports',
    admitted: true,
    make: () => annotated({ 'traffic.sidecar.istio.io/excludeInboundPorts': ','.repeat(250_000) })
  },
  {
    name: 'InferenceService: 120,000 excluded inbound ports',
    admitted: true,
    make: () => annotated({ 'traffic.sidecar.istio.io/excludeInboundPorts': '1,'.repeat(120_000) })
  },
  {
    name: 'InferenceService: control characters in each annotation that is read',
    admitted: true,
    make: () =>
      annotated({
        'sidecar.istio.io/inject': 'true\u0000\u001b[2J\r\n',
        'serving.kserve.io/deploymentMode': '\u0007\n'.repeat(50_000),
        'autoscaling.knative.dev/class': '\u2028\u202e\ufeff'
      })
  },
  {
    name: 'InferenceService: lone surrogates in annotations',
    admitted: true,
    make: () =>
      annotated({
        [BURST]: LONE_SURROGATE.repeat(10_000),
        'serving.kserve.io/deploymentMode': LONE_SURROGATE
      })
  },
  {
    name: 'InferenceService: 10,000 labels of full length',
    admitted: true,
    make: () => labelled(entries(10_000, i => `istio.io/k${i}`, longValue))
  },
  {
    name: 'InferenceService: 15,000 labels of the component',
    admitted: true,
    make: () => model({}, { predictor: { ...PREDICTOR, labels: entries(15_000, i => `knative.dev/k${i}`, longValue) } })
  },
  {
    name: 'InferenceService: labels and annotations with inherited property names',
    admitted: true,
    make: () => model({ labels: inherited('a'), annotations: inherited('a') })
  },
  {
    name: 'InferenceService: __proto__ as a label',
    admitted: false,
    make: () => labelled({ [PROTO]: 'a' })
  },
  {
    name: 'InferenceService: __proto__ wherever the schema leaves keys open',
    admitted: true,
    make: () => {
      const poison = { [PROTO]: { polluted: true }, constructor: { prototype: { polluted: true } } }
      return model({}, { ...poison, predictor: { ...poison, ...PREDICTOR, labels: poison, annotations: poison } })
    }
  },
  {
    name: 'InferenceService: null in every field that is read',
    admitted: true,
    make: () =>
      model(
        { labels: null, annotations: null, ownerReferences: null },
        {
          predictor: {
            labels: null,
            annotations: null,
            minReplicas: null,
            maxReplicas: null,
            serviceAccountName: null,
            hostNetwork: null,
            model: null,
            sklearn: null
          },
          transformer: null,
          explainer: null
        }
      )
  },
  ...[null, [], 'text', 5, true].map(spec => ({
    name: `InferenceService: the spec is ${JSON.stringify(spec)}`,
    // Null is removed before schema validation.
    admitted: spec === null,
    make: () => model({}, spec)
  })),
  {
    name: 'InferenceService: each field of the predictor has another type',
    admitted: true,
    make: () =>
      model(
        {},
        { predictor: { labels: [], annotations: 'a', minReplicas: '1', hostNetwork: 0, model: [[]], sklearn: false } }
      )
  },
  {
    name: 'InferenceService: 9,000 nested lists',
    admitted: true,
    make: () => withDeep(nested(9_000))
  },
  {
    name: 'InferenceService: 100,000 nested lists',
    admitted: false,
    make: () => withDeep(nested(100_000))
  },
  {
    name: 'InferenceService: 9,000 nested objects',
    admitted: true,
    make: () => withDeep(`${'{"a":'.repeat(9_000)}1${'}'.repeat(9_000)}`)
  },
  {
    name: 'InferenceService: 60,000 environment variables',
    admitted: true,
    make: () =>
      model({}, { predictor: { ...PREDICTOR, containers: [{ env: times(60_000, i => ({ name: `E${i}` })) }] } })
  },
  {
    name: 'InferenceService: a name of 253 characters',
    admitted: true,
    make: () => model({ name: `${'a.'.repeat(126)}a` })
  },
  {
    name: 'InferenceService: a model format of 1.4 MB',
    admitted: true,
    make: () => model({}, { predictor: { model: { modelFormat: { name: 'a'.repeat(1_400_000) } } } })
  },
  { name: 'InferenceService: 1e400 replicas', admitted: false, make: () => withNumber('1e400') },
  { name: 'InferenceService: -1.7e308 replicas', admitted: true, make: () => withNumber('-1.7e308') },
  { name: 'InferenceService: 2^64 replicas', admitted: true, make: () => withNumber('18446744073709551616') },
  {
    name: 'InferenceService: each key twice',
    admitted: true,
    make: () => {
      const text = JSON.stringify(model({}))
      return text.replace('"spec":', '"spec":{"predictor":5},"kind":"Pod","kind":"InferenceService","spec":')
    }
  },
  {
    name: 'InferenceService: 20,000 owners',
    admitted: true,
    make: () =>
      model({
        ownerReferences: times(20_000, i => ({ apiVersion: 'v1', kind: 'Secret', name: `a${i}`, uid: `u${i}` }))
      })
  }
]

const others: readonly HostileInput[] = [
  {
    name: 'InferenceGraph: 25,000 steps of a model',
    admitted: true,
    make: () => graph({ nodes: { root: { steps: times(25_000, i => ({ serviceName: `sklearn-iris${i % 2}` })) } } })
  },
  {
    name: 'InferenceGraph: 20,000 nodes that call a model',
    admitted: true,
    make: () =>
      graph({
        nodes: entries(
          20_000,
          i => `n${i}`,
          () => ({ steps: [{ serviceName: 'sklearn-iris' }] })
        )
      })
  },
  {
    name: 'InferenceGraph: nodes with inherited property names',
    admitted: true,
    make: () => {
      const node = { steps: [{ serviceName: 'sklearn-iris', serviceUrl: null }] }
      return graph({ nodes: { ...inherited(node), [PROTO]: node } })
    }
  },
  {
    name: 'InferenceGraph: 10,000 labels of the router',
    admitted: true,
    make: () =>
      graph(
        { nodes: { root: { steps: [{ serviceName: 'sklearn-iris' }] } } },
        { labels: entries(10_000, i => `istio.io/k${i}`, longValue) }
      )
  },
  { name: 'InferenceGraph: nodes are null', admitted: true, make: () => graph({ nodes: null }) },
  {
    name: 'ServingRuntime: 20,000 formats',
    admitted: true,
    make: () =>
      runtime({
        supportedModelFormats: times(20_000, i => ({ name: i % 2 === 0 ? 'sklearn' : `f${i}`, autoSelect: i > 19_990 }))
      })
  },
  {
    name: 'ServingRuntime: 10,000 labels and annotations for pods',
    admitted: true,
    make: () =>
      runtime({
        supportedModelFormats: [{ name: 'sklearn', autoSelect: true, priority: 1e300 }],
        labels: entries(10_000, i => `istio.io/k${i}`, longValue),
        annotations: inherited('a')
      })
  },
  {
    name: 'ServingRuntime: a priority that is not a number',
    admitted: true,
    make: () => runtime({ supportedModelFormats: [{ name: 'sklearn', autoSelect: true, priority: 'NaN' }] })
  },
  {
    name: 'ClusterServingRuntime: 20,000 formats',
    admitted: true,
    make: () => clusterRuntime({ supportedModelFormats: times(20_000, i => ({ name: `f${i}`, autoSelect: true })) })
  },
  {
    name: 'LLMInferenceService: 10,000 labels for pods',
    admitted: true,
    make: () => generative({ labels: entries(10_000, i => `istio.io/k${i}`, longValue), annotations: null })
  },
  {
    name: 'LLMInferenceService: labels with inherited property names',
    admitted: true,
    make: () => generative({ labels: { ...inherited('a'), [PROTO]: 'a' }, annotations: inherited('') })
  }
]

/** Hostile inputs of KServe kinds. */
export const KSERVE: readonly HostileInput[] = [...inferenceServices, ...others]
