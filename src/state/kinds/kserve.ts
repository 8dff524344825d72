import { z } from 'zod'
import { type KindInfo, many, maybe, object, strings } from './fields.ts'

const framework = object({ protocolVersion: maybe(z.string()) })
const component = z.object({
  labels: strings,
  annotations: strings,
  minReplicas: maybe(z.number()),
  maxReplicas: maybe(z.number()),
  serviceAccountName: maybe(z.string()),
  hostNetwork: maybe(z.boolean()),
  model: object({
    runtime: maybe(z.string()),
    modelFormat: object({ name: z.string() }),
    protocolVersion: maybe(z.string())
  }),
  // Predictors as they were written before `model`: the key names the format.
  sklearn: framework,
  xgboost: framework,
  tensorflow: framework,
  pytorch: framework,
  triton: framework,
  onnx: framework,
  huggingface: framework,
  pmml: framework,
  lightgbm: framework,
  paddle: framework
})
const runtimeSpec = z.object({
  labels: strings,
  annotations: strings,
  disabled: maybe(z.boolean()),
  supportedModelFormats: many(
    z.object({ name: z.string(), autoSelect: maybe(z.boolean()), priority: maybe(z.number()) })
  )
})

/** Kinds of KServe. */
export const KSERVE = {
  InferenceService: {
    group: 'serving.kserve.io',
    version: 'v1beta1',
    plural: 'inferenceservices',
    shape: z.object({
      spec: z.object({ predictor: maybe(component), transformer: maybe(component), explainer: maybe(component) }),
      status: object({
        deploymentMode: maybe(z.string()),
        components: maybe(z.record(z.string(), z.object({ latestReadyRevision: maybe(z.string()) })))
      })
    })
  },
  ServingRuntime: {
    group: 'serving.kserve.io',
    version: 'v1alpha1',
    plural: 'servingruntimes',
    shape: z.object({ spec: runtimeSpec })
  },
  ClusterServingRuntime: {
    group: 'serving.kserve.io',
    version: 'v1alpha1',
    plural: 'clusterservingruntimes',
    cluster: true,
    shape: z.object({ spec: runtimeSpec })
  },
  InferenceGraph: {
    group: 'serving.kserve.io',
    version: 'v1alpha1',
    plural: 'inferencegraphs',
    shape: z.object({
      spec: z.object({
        nodes: z
          .record(
            z.string(),
            z.object({ steps: many(z.object({ serviceName: maybe(z.string()), serviceUrl: maybe(z.string()) })) })
          )
          .nullish()
          .transform(value => value ?? {}),
        serviceAccountName: maybe(z.string())
      })
    })
  },
  LLMInferenceService: {
    group: 'serving.kserve.io',
    version: 'v1alpha1',
    plural: 'llminferenceservices',
    shape: z.object({ spec: z.object({ labels: strings, annotations: strings }) })
  }
} as const satisfies Record<string, KindInfo>
