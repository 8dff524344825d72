import t from 'tap'
import rule from '../../src/rules/policy-not-enforced-by-ztunnel.ts'
import { authorization, model, namespace, together, tokens } from '../support/objects.ts'
import { testRule } from '../support/table-test.ts'

const amb = (yaml: string) => yaml.replaceAll('user1', 'amb')
const AMBIENT = amb(together(namespace('istio.io/dataplane-mode: ambient'), model('')))
const policy = (spec: string) => together(AMBIENT, amb(authorization('user1', spec)))
const RULE = 'AuthorizationPolicy amb/rules spec.rules[0]'
const byPath = '{ to: [{ operation: { paths: [/admin] } }] }'
const from = 'from: [{ source: { namespaces: [batch] } }]'

testRule(t, rule, {
  'DENY by path': [policy(`{ action: DENY, rules: [${byPath}] }`), [RULE]],
  'DENY by path of some namespaces': [
    policy(`{ action: DENY, rules: [{ ${from}, to: [{ operation: { paths: [/admin] } }] }] }`),
    [RULE]
  ],
  'DENY by a header': [
    policy('{ action: DENY, rules: [{ when: [{ key: "request.headers[x]", values: [a] }] }] }'),
    [RULE]
  ],
  'DENY without a JWT': [
    policy('{ action: DENY, rules: [{ from: [{ source: { notRequestPrincipals: ["*"] } }] }] }'),
    [RULE]
  ],
  'DENY by port and path, which denies the port': [
    policy('{ action: DENY, rules: [{ to: [{ operation: { ports: ["8080"], paths: [/admin] } }] }] }'),
    []
  ],
  'DENY by namespace': [policy(`{ action: DENY, rules: [{ ${from} }] }`), []],
  'ALLOW by path': [policy(`{ rules: [${byPath}, { ${from} }] }`), [RULE]],
  'rules without content': [policy('{ rules: [null, {}] }'), []],
  CUSTOM: [
    policy('{ action: CUSTOM, provider: { name: x }, rules: [{}] }'),
    ['AuthorizationPolicy amb/rules spec.action']
  ],
  AUDIT: [policy(`{ action: AUDIT, rules: [${byPath}] }`), []],
  'empty selector': [policy(`{ selector: {}, rules: [{ ${from} }] }`), ['AuthorizationPolicy amb/rules spec.selector']],
  'dry run': [
    policy(`{ rules: [${byPath}] }`).replace('name: rules', 'name: rules, annotations: { istio.io/dry-run: "true" }'),
    []
  ],
  'policy for a waypoint': [
    policy(`{ targetRefs: [{ kind: Service, name: a }], action: DENY, rules: [${byPath}] }`),
    []
  ],
  'policy of the root namespace': [
    together(AMBIENT, authorization('istio-system', `{ action: DENY, rules: [${byPath}] }`)),
    ['AuthorizationPolicy istio-system/rules spec.rules[0]']
  ],
  'policy for other pods': [
    policy(`{ selector: { matchLabels: { app: other } }, action: DENY, rules: [${byPath}] }`),
    []
  ],
  'models with sidecars': [authorization('user1', `{ action: DENY, rules: [${byPath}] }`), []],
  RequestAuthentication: [together(AMBIENT, amb(tokens())), ['RequestAuthentication amb/tokens spec']]
})
