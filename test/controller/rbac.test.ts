import t from 'tap'
import { rolesFor } from '../../src/controller/rbac.ts'
import { KINDS, type Kind } from '../../src/state/resource.ts'
import { DEFAULT_SETTINGS } from '../../src/state/settings.ts'

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
  for (const kind of Object.keys(KINDS) as Kind[]) {
    const { group, plural } = KINDS[kind]
    const holding = READING.filter(
      rule => rule.includes(` ${group}/`) && rule.split('/')[1]?.trim().split(',').includes(plural)
    )
    const where = kind === 'ConfigMap' ? ['istio-system', 'knative-serving', 'kserve'] : ['*']
    t.same(
      holding.map(rule => rule.split(' ')[0]),
      where.map(one => `${one}:`),
      kind
    )
    for (const rule of holding) t.match(rule, ': list,watch ')
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

t.test('equal namespaces share one Role', async t => {
  const all = { istioNamespace: 'mesh-guard', knativeNamespace: 'mesh-guard', kserveNamespace: 'mesh-guard' }
  const roles = rolesFor({ ...options, settings: { ...DEFAULT_SETTINGS, ...all } }) as readonly Role[]
  t.same(
    roles.map(({ kind }) => kind),
    ['ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding']
  )
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
