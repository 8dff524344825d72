/** Name of both webhook configurations, Secret, Lease and roles. One guard per cluster is supported. */
export const NAME = 'kserve-mesh-guard'

/** Webhook names, as in denial messages of the API server. */
export const WEBHOOK = {
  mutate: 'mutate.mesh-guard.io',
  validate: 'validate.mesh-guard.io',
  core: 'core.validate.mesh-guard.io',
  selfTest: 'self-test.mesh-guard.io'
} as const

export const SELF_TEST_LABEL = 'mesh-guard.io/self-test'

type Configurations = 'validatingwebhookconfigurations' | 'mutatingwebhookconfigurations'

export const PATHS = {
  configuration: (plural: Configurations) => `/apis/admissionregistration.k8s.io/v1/${plural}/${NAME}`,
  namespace: (namespace: string) => `/api/v1/namespaces/${namespace}`,
  secret: (namespace: string) => `/api/v1/namespaces/${namespace}/secrets/${NAME}`,
  configMaps: (namespace: string) => `/api/v1/namespaces/${namespace}/configmaps`,
  lease: (namespace: string) => `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/${NAME}`
}
