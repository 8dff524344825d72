import t from 'tap'
import { rolesFor } from '../../src/controller/rbac.ts'
import { KINDS, type Kind } from '../../src/state/resource.ts'
import { DEFAULT_SETTINGS } from '../../src/state/snapshot.ts'

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

/** All grants: `where: verbs group/resources names`. */
function grants(more: Partial<Parameters<typeof rolesFor>[0]> = {}): readonly string[] {
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
const READING = grants({ enabled: false })

t.test('what is read may be read', async t => {
  for (const kind of Object.keys(KINDS) as Kind[]) {
    const { group, plural } = KINDS[kind]
    const holding = READING.filter(
      grant => grant.includes(` ${group}/`) && grant.split('/')[1]?.trim().split(',').includes(plural)
    )
    const where = kind === 'ConfigMap' ? ['istio-system', 'knative-serving', 'kserve'] : ['*']
    t.same(
      holding.map(grant => grant.split(' ')[0]),
      where.map(one => `${one}:`),
      kind
    )
    for (const grant of holding) t.match(grant, ': list,watch ')
  }
})

t.test('what is kept may be kept, by name', async t => {
  const kept = grants().filter(grant => !READING.includes(grant))
  t.same(kept, [
    '*: get,patch admissionregistration.k8s.io/mutatingwebhookconfigurations,validatingwebhookconfigurations kserve-mesh-guard',
    '*: get /namespaces mesh-guard',
    ...OWN
  ])
  const mounted = grants({ certificates: 'mounted' })
  t.same(
    kept.filter(grant => !mounted.includes(grant)),
    [OWN[1]],
    'a mounted certificate needs no Secret'
  )
})

t.test('reports may be written where they are', async t => {
  t.same(
    grants({ reports: 'auto' }).filter(grant => !grants().includes(grant)),
    ['*: list,create,patch,delete openreports.io/reports ', '*: list,create,patch,delete wgpolicyk8s.io/policyreports ']
  )
  t.same(grants({ enabled: false, reports: 'auto' }), READING, 'who keeps nothing reports nothing')
})

t.test('namespaces may be one', async t => {
  const all = { istioNamespace: 'mesh-guard', knativeNamespace: 'mesh-guard', kserveNamespace: 'mesh-guard' }
  const roles = rolesFor({ ...options, settings: { ...DEFAULT_SETTINGS, ...all } }) as readonly Role[]
  t.same(
    roles.map(({ kind }) => kind),
    ['ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding']
  )
})

t.test('roles are bound to the account', async t => {
  const roles = rolesFor(options)
  t.match(roles[1], {
    kind: 'ClusterRoleBinding',
    metadata: { name: 'kserve-mesh-guard' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'kserve-mesh-guard' },
    subjects: [{ kind: 'ServiceAccount', name: 'guard', namespace: 'mesh-guard' }]
  })
  t.match(roles[3], { kind: 'RoleBinding', metadata: { namespace: 'mesh-guard' }, roleRef: { kind: 'Role' } })
})
