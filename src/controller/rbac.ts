import { REPORT_APIS } from '../report/openreports.ts'
import { collectionsOf } from '../sources/cluster/collections.ts'
import { KINDS } from '../state/resource.ts'
import type { Settings } from '../state/snapshot.ts'
import { NAME } from './names.ts'

/** A rule of a role, as Kubernetes writes it. */
export interface Grant {
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

/** The roles that the guard needs, with their bindings: what it reads and writes, and nothing else. */
export function rolesFor(options: RoleOptions): readonly object[] {
  const { namespace, settings, enabled, certificates, reports } = options
  const collections = collectionsOf(settings)
  const clusterWide = collections.filter(one => one.namespace === undefined)
  const grants = new Map<string | undefined, readonly Grant[]>([
    [
      undefined,
      [
        ...toGrants(clusterWide),
        ...(enabled ? registrationGrants(namespace) : []),
        ...(enabled && reports !== 'off' ? reportGrants() : [])
      ]
    ],
    [namespace, enabled ? ownGrants(certificates) : []]
  ])
  const elsewhere = Map.groupBy(collections, one => one.namespace)
  for (const [where, found] of elsewhere) {
    if (where !== undefined) grants.set(where, [...(grants.get(where) ?? []), ...toGrants(found)])
  }
  return [...grants].flatMap(([where, rules]) => (rules.length === 0 ? [] : toRole(where, rules, options)))
}

/** One grant for the kinds of an API group. */
function toGrants(collections: readonly { readonly kind: keyof typeof KINDS }[]): readonly Grant[] {
  return [...Map.groupBy(collections, ({ kind }) => KINDS[kind].group)].map(([group, of]) => ({
    apiGroups: [group],
    resources: of.map(({ kind }) => KINDS[kind].plural),
    verbs: READ
  }))
}

/** Both configurations exist already. To own them, our namespace is read. */
function registrationGrants(namespace: string): readonly Grant[] {
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

/** Reports lie where their subjects are. */
function reportGrants(): readonly Grant[] {
  return REPORT_APIS.map(({ group, plural }) => ({
    apiGroups: [group],
    resources: [plural],
    verbs: ['list', 'create', 'patch', 'delete']
  }))
}

/** Secret and Lease exist already. The ConfigMap is that of the self-test, which is never kept. */
function ownGrants(certificates: RoleOptions['certificates']): readonly Grant[] {
  const byName = { resourceNames: [NAME], verbs: ['get', 'patch'] }
  return [
    { apiGroups: ['coordination.k8s.io'], resources: ['leases'], ...byName },
    ...(certificates === 'selfSigned' ? [{ apiGroups: [''], resources: ['secrets'], ...byName }] : []),
    { apiGroups: [''], resources: ['configmaps'], verbs: ['create'] }
  ]
}

/** A role with its binding; without a namespace, for the whole cluster. */
function toRole(where: string | undefined, rules: readonly Grant[], options: RoleOptions): readonly object[] {
  const kind = where === undefined ? 'ClusterRole' : 'Role'
  const apiVersion = `${RBAC}/v1`
  const metadata = { name: NAME, ...(where === undefined ? {} : { namespace: where }) }
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
