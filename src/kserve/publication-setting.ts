import { KSERVE_CONFIG } from '../state/discovery.ts'
import type { Ref } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'

/** Field that decides whether or where a model is published. */
export interface PublicationSetting {
  readonly object: Ref
  readonly field: string
  /** What the field sets, for messages. */
  readonly reason: string
}

type Settings = Pick<View, 'settings'>

const configMap = (namespace: string, name: string): Ref => ({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name })

/** Domains of Knative. */
export function domainSetting({ settings }: Settings, reason: string): PublicationSetting {
  return { object: configMap(settings.knativeNamespace, 'config-domain'), field: 'data', reason }
}

/** Domain template of Knative. */
export function domainTemplateSetting({ settings }: Settings, reason: string): PublicationSetting {
  return { object: configMap(settings.knativeNamespace, 'config-network'), field: 'data.domain-template', reason }
}

/** External Gateways of Knative. */
export function externalGatewaysSetting({ settings }: Settings): PublicationSetting {
  const object = configMap(settings.knativeNamespace, 'config-istio')
  return { object, field: 'data.external-gateways', reason: 'config-istio lists no external Gateway' }
}

/** Ingress configuration of KServe, a JSON object in one key. */
export function ingressSetting({ settings }: Settings, reason: string): PublicationSetting {
  return { object: configMap(settings.kserveNamespace, KSERVE_CONFIG), field: 'data.ingress', reason }
}
