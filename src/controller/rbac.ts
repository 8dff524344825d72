import { REPORT_APIS } from '../report/openreports.ts'
import { type Collection, collectionsOf } from '../sources/cluster/collections.ts'
import { KINDS } from '../state/resource.ts'
import type { Settings } from '../state/settings.ts'
import { NAME } from './names.ts'

/** @see k8s.io/api/rbac/v1 PolicyRule */
export interface PolicyRule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly resourceNames?: readonly string[]
  readonly verbs: readonly string[]
}

export interface RoleOptions {
  readonly namespace: string
  readonly serviceAccount: string
  readonly settings: Settings
  /** `controller.enabled` of the configuration. */
  readonly enabled: boolean
  /** `controller.certificates` of the configuration. */
  readonly certificates: 'selfSigned' | 'mounted'
  readonly reports: 'auto' | 'off'
}

const RBAC = 'rbac.authorization.k8s.io'
const READ = ['list', 'watch']

/** The least-privilege roles of the guard, with their bindings. */
export function rolesFor(options: RoleOptions): readonly object[] {
  const { namespace, settings, enabled, certificates, reports } = options
  const collections = collectionsOf(settings)
  const rulesByScope = new Map<string | undefined, readonly PolicyRule[]>([
    [
      undefined,
      [
        ...toRules(collections.filter(({ name }) => name === undefined)),
        ...toRules(collections.filter(({ name }) => name !== undefined)),
        ...(enabled ? webhookConfigurationRules(namespace) : []),
        ...(enabled && reports !== 'off' ? reportRules() : [])
      ]
    ],
    [namespace, enabled ? ownNamespaceRules(certificates) : []]
  ])
  return [...rulesByScope].flatMap(([scope, rules]) => (rules.length === 0 ? [] : toRole(scope, rules, options)))
}

/** One rule per API group. Lists and watches by name are allowed by `resourceNames`. */
function toRules(collections: readonly Collection[]): readonly PolicyRule[] {
  return [...Map.groupBy(collections, ({ kind }) => KINDS[kind].group)].map(([group, of]) => {
    const resourceNames = of.flatMap(({ name }) => name ?? [])
    return {
      apiGroups: [group],
      resources: [...new Set(of.map(({ kind }) => KINDS[kind].plural))],
      ...(resourceNames.length > 0 && { resourceNames }),
      verbs: READ
    }
  })
}

/** The chart creates both webhook configurations. The namespace of the guard is read for the owner reference. */
function webhookConfigurationRules(namespace: string): readonly PolicyRule[] {
  return [
    {
      apiGroups: ['admissionregistration.k8s.io'],
      resources: ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'],
      resourceNames: [NAME],
      verbs: ['get', 'patch']
    },
    { apiGroups: [''], resources: ['namespaces'], resourceNames: [namespace], verbs: ['get'] }
  ]
}

/** Cluster-wide: a report is in the namespace of its subject. */
function reportRules(): readonly PolicyRule[] {
  return REPORT_APIS.map(({ group, plural }) => ({
    apiGroups: [group],
    resources: [plural],
    verbs: ['list', 'create', 'patch', 'delete']
  }))
}

/** The chart creates Secret and Lease. ConfigMaps are only created as dry run, for the self-test. */
function ownNamespaceRules(certificates: RoleOptions['certificates']): readonly PolicyRule[] {
  const byName = { resourceNames: [NAME], verbs: ['get', 'patch'] }
  return [
    { apiGroups: ['coordination.k8s.io'], resources: ['leases'], ...byName },
    ...(certificates === 'selfSigned' ? [{ apiGroups: [''], resources: ['secrets'], ...byName }] : []),
    { apiGroups: [''], resources: ['configmaps'], verbs: ['create'] }
  ]
}

/** A Role with its binding; a ClusterRole if `scope` is undefined. */
function toRole(scope: string | undefined, rules: readonly PolicyRule[], options: RoleOptions): readonly object[] {
  const kind = scope === undefined ? 'ClusterRole' : 'Role'
  const apiVersion = `${RBAC}/v1`
  const metadata = { name: NAME, ...(scope === undefined ? {} : { namespace: scope }) }
  const { serviceAccount, namespace } = options
  return [
    { apiVersion, kind, metadata, rules },
    {
      apiVersion,
      kind: `${kind}Binding`,
      metadata,
      roleRef: { apiGroup: RBAC, kind, name: NAME },
      subjects: [{ kind: 'ServiceAccount', name: serviceAccount, namespace }]
    }
  ]
}
