import { entries, type HostileInput, inherited, object, times } from './row.ts'

const GROUP = 'security.istio.io/v1beta1'

const peers = (spec: unknown, namespace = 'user1') => object(GROUP, 'PeerAuthentication', spec, {}, namespace)
const OWN_LABEL = { 'serving.kserve.io/inferenceservice': 'sklearn-iris' }

const peerAuthentications: readonly HostileInput[] = [
  {
    name: 'PeerAuthentication: 30,000 ports with a mode each',
    admitted: true,
    make: () =>
      peers({
        selector: { matchLabels: OWN_LABEL },
        portLevelMtls: entries(
          30_000,
          i => `${i + 1}`,
          i => ({ mode: i % 2 === 0 ? 'STRICT' : 'PERMISSIVE' })
        )
      })
  },
  {
    name: 'PeerAuthentication: ports that are not numbers',
    admitted: false,
    make: () =>
      peers({
        selector: { matchLabels: OWN_LABEL },
        portLevelMtls: {
          ...inherited({ mode: 'STRICT' }),
          '1e3': { mode: 'STRICT' },
          '': null,
          ' 8080': null,
          '-1': null
        }
      })
  },
  {
    name: 'PeerAuthentication: selects by 4,096 labels',
    admitted: true,
    make: () =>
      peers({
        selector: {
          matchLabels: entries(
            4_096,
            i => `k${i}`,
            i => `v${i}`.padEnd(63, 'x')
          )
        },
        mtls: { mode: 'STRICT' }
      })
  },
  {
    name: 'PeerAuthentication: selector with inherited property names',
    admitted: true,
    make: () => peers({ selector: { matchLabels: inherited('a') }, mtls: { mode: 'STRICT' } })
  },
  { name: 'PeerAuthentication: null', admitted: true, make: () => peers(null) },
  {
    name: 'PeerAuthentication: unknown mode',
    admitted: false,
    make: () => peers({ mtls: { mode: 'strict' } })
  }
]

/** AuthorizationPolicy `hostile`, by default in the model namespace. */
export const authorizing = (spec: unknown, metadata: object = {}, namespace = 'user1') =>
  object(GROUP, 'AuthorizationPolicy', spec, { ...metadata }, namespace)
const allowing = (...rules: readonly object[]) => authorizing({ action: 'ALLOW', rules })
const from = (source: object) => ({ from: [{ source }] })
const to = (operation: object) => ({ to: [{ operation }] })
const when = (key: string, values: readonly string[]) => ({ when: [{ key, values }] })

/** Policy with a number of namespaces in each rule. */
const naming = (count: number, rules: number) => {
  const namespaces = times(count, i => `n${i}`)
  return allowing(...times(rules, () => from({ namespaces })))
}

const authorizationPolicies: readonly HostileInput[] = [
  {
    name: 'AuthorizationPolicy: 5,000 rules',
    admitted: false,
    make: () =>
      allowing(...times(5_000, i => ({ ...from({ namespaces: [`n${i}`] }), ...to({ paths: [`/v1/${i}/*`] }) })))
  },
  {
    name: 'AuthorizationPolicy: 512 rules with a namespace and a template path each',
    admitted: true,
    make: () =>
      allowing(...times(512, i => ({ ...from({ namespaces: [`n${i}`] }), ...to({ paths: [`/v1/{*}/${i}/{**}`] }) })))
  },
  {
    name: 'AuthorizationPolicy: 512 rules that deny',
    admitted: true,
    make: () =>
      authorizing({
        action: 'DENY',
        rules: times(512, i => ({ ...from({ notNamespaces: [`n${i}`] }), ...to({ hosts: [`h${i}*`] }) }))
      })
  },
  {
    name: 'AuthorizationPolicy: 512 sources in each of 30 rules',
    admitted: true,
    make: () =>
      allowing(
        ...times(30, () => ({ from: times(512, i => ({ source: { principals: [`cluster.local/ns/n${i}/sa/a`] } })) }))
      )
  },
  { name: 'AuthorizationPolicy: names 5,000 namespaces', admitted: true, make: () => naming(5_000, 1) },
  {
    name: 'AuthorizationPolicy: names 300 namespaces in each of 100 rules',
    admitted: true,
    make: () => naming(300, 100)
  },
  {
    name: 'AuthorizationPolicy: names 300 namespaces that have sidecars',
    admitted: true,
    make: () => naming(300, 1),
    beside: () => times(300, i => injected(`n${i}`))
  },
  {
    name: 'AuthorizationPolicy: 30,000 principals with wildcards',
    admitted: true,
    make: () => allowing(from({ principals: times(30_000, i => `*/ns/n${i}/sa/a*`) }))
  },
  {
    name: 'AuthorizationPolicy: a namespace of 1,000 asterisks',
    admitted: true,
    make: () => allowing(from({ namespaces: ['*a'.repeat(1_000), '*'.repeat(1_000)] }))
  },
  {
    name: 'AuthorizationPolicy: a path of 30 times {**}',
    admitted: true,
    make: () => allowing(to({ paths: [`${'{**}/'.repeat(30)}x`, `${'{**}a'.repeat(30)}x`] }))
  },
  {
    name: 'AuthorizationPolicy: a path of 200,000 times {*}',
    admitted: true,
    make: () => allowing(to({ paths: ['/{*}'.repeat(200_000)] }))
  },
  {
    name: 'AuthorizationPolicy: 60,000 paths',
    admitted: true,
    make: () => allowing(to({ paths: times(60_000, i => `/v1/models/${i}*`) }))
  },
  {
    name: 'AuthorizationPolicy: 60,000 hosts with wildcards',
    admitted: true,
    make: () => allowing(to({ hosts: times(60_000, i => `*.h${i}.local`) }))
  },
  {
    name: 'AuthorizationPolicy: invalid ports',
    admitted: true,
    make: () =>
      allowing(to({ ports: ['0x1f90', '8080.0', '8.08e3', ' 8080', '', 'NaN', '-0', '99999999999999999999'] }))
  },
  {
    name: 'AuthorizationPolicy: 100,000 ports',
    admitted: true,
    make: () => allowing(to({ ports: times(100_000, i => `${i}`) }))
  },
  {
    name: 'AuthorizationPolicy: 60,000 CIDR blocks',
    admitted: true,
    make: () => allowing(from({ ipBlocks: times(60_000, i => `10.${i >> 8}.${i & 255}.0/24`) }))
  },
  {
    name: 'AuthorizationPolicy: invalid CIDR blocks',
    admitted: true,
    make: () =>
      allowing(
        from({
          ipBlocks: [
            '',
            '/',
            '::/0',
            '1.2.3.4/33',
            '0x7f.1/8',
            '1.2.3',
            '::ffff:1.2.3.4/129',
            '999.1.1.1',
            '/'.repeat(100_000)
          ]
        })
      )
  },
  {
    name: 'AuthorizationPolicy: 20,000 conditions',
    admitted: true,
    make: () => allowing({ when: times(20_000, i => ({ key: `request.headers[x-${i}]`, values: ['*'] })) })
  },
  {
    name: 'AuthorizationPolicy: unknown condition keys',
    admitted: true,
    make: () =>
      allowing(
        ...[
          `request.auth.claims${'[a]'.repeat(50_000)}`,
          'request.headers[',
          'request.headers[]',
          '__proto__',
          'constructor',
          '',
          '['.repeat(100_000)
        ].map(key => when(key, ['*']))
      )
  },
  {
    name: 'AuthorizationPolicy: 100,000 values of a condition',
    admitted: true,
    make: () =>
      allowing(
        when(
          'source.principal',
          times(100_000, i => `a/${i}`)
        )
      )
  },
  {
    name: 'AuthorizationPolicy: 512 empty rules',
    admitted: true,
    make: () => allowing(...times(512, () => ({ from: [{ source: {} }], to: [{ operation: {} }] })))
  },
  { name: 'AuthorizationPolicy: a rule is null', admitted: false, make: () => authorizing({ rules: [null] }) },
  { name: 'AuthorizationPolicy: null', admitted: true, make: () => authorizing(null) },
  {
    name: 'AuthorizationPolicy: control characters in each list',
    admitted: true,
    make: () => {
      const bad = ['\u0000', '\u001b[2J', '\n'.repeat(1_000), '\u202e']
      return allowing({
        ...from({ namespaces: bad, requestPrincipals: bad }),
        ...to({ hosts: bad, paths: bad, methods: bad })
      })
    }
  }
]

/** Namespace with sidecar injection. */
export const injected = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels: { 'istio-injection': 'enabled' } }
})

/** RequestAuthentication `hostile` in the model namespace. */
export const tokens = (spec: unknown, metadata: object = {}) =>
  object(GROUP, 'RequestAuthentication', spec, { ...metadata })

const requestAuthentications: readonly HostileInput[] = [
  {
    name: 'RequestAuthentication: 4,096 issuers',
    admitted: true,
    make: () => tokens({ jwtRules: times(4_096, i => ({ issuer: `https://i${i}.example.com`, jwks: 'a' })) })
  },
  {
    name: 'RequestAuthentication: 4,096 issuers, and a policy that requires each',
    admitted: true,
    make: () => tokens({ jwtRules: times(4_096, i => ({ issuer: `i${i}`, jwks: 'a' })) }),
    beside: () => [allowing(...times(300, i => from({ requestPrincipals: times(10, j => `i${10 * i + j}/*`) })))]
  },
  {
    name: 'RequestAuthentication: an issuer of 1.4 MB',
    admitted: true,
    make: () => tokens({ jwtRules: [{ issuer: '*/'.repeat(700_000), jwks: 'a' }] })
  },
  {
    name: 'RequestAuthentication: selects by 4,096 labels',
    admitted: true,
    make: () =>
      tokens({
        selector: {
          matchLabels: entries(
            4_096,
            i => `k${i}`,
            i => `v${i}`.padEnd(63, 'x')
          )
        }
      })
  },
  { name: 'RequestAuthentication: null', admitted: true, make: () => tokens(null) }
]

/** Hostile inputs of Istio security kinds. */
export const SECURITY: readonly HostileInput[] = [
  ...peerAuthentications,
  ...authorizationPolicies,
  ...requestAuthentications
]
