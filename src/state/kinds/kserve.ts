import { z } from 'zod'
import { container } from './container.ts'
import { type KindInfo, listOf, object, optional, strings } from './fields.ts'

const framework = object({ protocolVersion: optional(z.string()) })
const component = z.object({
  /** Only of a predictor: part of the names of its Deployment and Service. */
  name: optional(z.string()),
  labels: strings,
  annotations: strings,
  minReplicas: optional(z.number()),
  maxReplicas: optional(z.number()),
  scaleTarget: optional(z.number()),
  scaleMetric: optional(z.string()),
  containerConcurrency: optional(z.number()),
  serviceAccountName: optional(z.string()),
  hostNetwork: optional(z.boolean()),
  containers: listOf(container),
  model: object({
    runtime: optional(z.string()),
    modelFormat: object({ name: z.string() }),
    protocolVersion: optional(z.string())
  }),
  // Older form of predictors, before `model`: the key is the format.
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
const componentStatus = z.object({
  latestReadyRevision: optional(z.string()),
  address: object({ url: optional(z.string()) }),
  traffic: listOf(z.object({ revisionName: optional(z.string()), percent: optional(z.number()) }))
})
const runtimeSpec = z.object({
  labels: strings,
  annotations: strings,
  disabled: optional(z.boolean()),
  supportedModelFormats: listOf(
    z.object({ name: z.string(), autoSelect: optional(z.boolean()), priority: optional(z.number()) })
  )
})

/** Kinds of KServe. */
export const KSERVE = {
  InferenceService: {
    group: 'serving.kserve.io',
    version: 'v1beta1',
    plural: 'inferenceservices',
    shape: z.object({
      spec: z.object({
        predictor: optional(component),
        transformer: optional(component),
        explainer: optional(component),
        canary: listOf(z.object({ predictor: component, trafficPercent: optional(z.number()) }))
      }),
      status: object({
        deploymentMode: optional(z.string()),
        url: optional(z.string()),
        components: optional(z.record(z.string(), componentStatus))
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
            z.object({
              steps: listOf(z.object({ serviceName: optional(z.string()), serviceUrl: optional(z.string()) }))
            })
          )
          .nullish()
          .transform(value => value ?? {}),
        serviceAccountName: optional(z.string())
      })
    })
  },
  LLMInferenceService: {
    group: 'serving.kserve.io',
    version: 'v1alpha1',
    plural: 'llminferenceservices',
    shape: z.object({
      spec: z.object({ labels: strings, annotations: strings, router: optional(z.looseObject({})) })
    })
  }
} as const satisfies Record<string, KindInfo>
