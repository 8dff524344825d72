import t from 'tap'
import { rolesFor } from '../../src/controller/rbac.ts'
import { CLUSTER_KINDS, KINDS } from '../../src/state/resource.ts'
import { DEFAULT_SETTINGS, type Settings } from '../../src/state/settings.ts'

interface Role {
  readonly kind: string
  readonly metadata: { readonly namespace?: string }
  readonly rules: readonly {
    readonly apiGroups: readonly string[]
    readonly resources: readonly string[]
    readonly resourceNames?: readonly string[]
    readonly verbs: readonly string[]
  }[]
}

const options = {
  namespace: 'mesh-guard',
  serviceAccount: 'guard',
  settings: DEFAULT_SETTINGS,
  enabled: true,
  certificates: 'selfSigned' as const,
  reports: 'off' as const
}

/** All rules: `namespace: verbs group/resources names`. */
function rules(more: Partial<Parameters<typeof rolesFor>[0]> = {}): readonly string[] {
  const roles = (rolesFor({ ...options, ...more }) as readonly Role[]).filter(({ kind }) => !kind.endsWith('Binding'))
  return roles.flatMap(({ metadata: { namespace = '*' }, rules }) =>
    rules.map(
      ({ verbs, apiGroups, resources, resourceNames = [] }) =>
        `${namespace}: ${verbs} ${apiGroups}/${resources} ${resourceNames}`
    )
  )
}

const OWN = [
  'mesh-guard: get,patch coordination.k8s.io/leases kserve-mesh-guard',
  'mesh-guard: get,patch /secrets kserve-mesh-guard',
  'mesh-guard: create /configmaps '
]
const READING = rules({ enabled: false })

t.test('kinds of the model can be listed and watched', async t => {
  for (const kind of CLUSTER_KINDS) {
    const { group, plural } = KINDS[kind]
    const holding = READING.filter(
      rule => rule.includes(` ${group}/`) && rule.split('/')[1]?.split(' ')[0]?.split(',').includes(plural)
    )
    t.match(holding, [/^\*: list,watch /], kind)
  }
})

t.test('managed objects can be patched by name', async t => {
  const managed = rules().filter(rule => !READING.includes(rule))
  t.same(managed, [
    '*: get,patch admissionregistration.k8s.io/mutatingwebhookconfigurations,validatingwebhookconfigurations kserve-mesh-guard',
    '*: get /namespaces mesh-guard',
    ...OWN
  ])
  const mounted = rules({ certificates: 'mounted' })
  t.same(
    managed.filter(rule => !mounted.includes(rule)),
    [OWN[1]],
    'mounted certificate requires no Secret'
  )
})

t.test('reports can be written in all namespaces', async t => {
  t.same(
    rules({ reports: 'auto' }).filter(rule => !rules().includes(rule)),
    ['*: list,create,patch,delete openreports.io/reports ', '*: list,create,patch,delete wgpolicyk8s.io/policyreports ']
  )
  t.same(rules({ enabled: false, reports: 'auto' }), READING, 'no report permissions without the controller')
})

t.test('ConfigMaps can be read only by name, those of other Istio revisions if they are configured', async t => {
  const names = (settings: Settings) =>
    rules({ enabled: false, settings }).filter(rule => rule.startsWith('*: list,watch /configmaps '))
  const stock =
    'inferenceservice-config,config-autoscaler,config-domain,config-istio,config-network,istio,istio-sidecar-injector'
  t.same(names(DEFAULT_SETTINGS), [`*: list,watch /configmaps ${stock}`])
  t.same(names({ ...DEFAULT_SETTINGS, istioRevisions: ['1-24'] }), [
    `*: list,watch /configmaps ${stock},istio-1-24,istio-sidecar-injector-1-24`
  ])
})

t.test('roles are bound to the ServiceAccount', async t => {
  const roles = rolesFor(options)
  t.match(roles[1], {
    kind: 'ClusterRoleBinding',
    metadata: { name: 'kserve-mesh-guard' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'kserve-mesh-guard' },
    subjects: [{ kind: 'ServiceAccount', name: 'guard', namespace: 'mesh-guard' }]
  })
  t.match(roles[3], { kind: 'RoleBinding', metadata: { namespace: 'mesh-guard' }, roleRef: { kind: 'Role' } })
})
