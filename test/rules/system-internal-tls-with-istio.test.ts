import t from 'tap'
import rule from '../../src/rules/system-internal-tls-with-istio.ts'
import { configMap } from '../support/objects.ts'
import { testRule } from '../support/table-test.ts'

const config = (data: Readonly<Record<string, string>>) => configMap('knative-serving', 'config-network', data)
const place = (key: string) => [`ConfigMap knative-serving/config-network data.${key}`]
const TLS = 'system-internal-tls'
const KOURIER = 'kourier.ingress.networking.knative.dev'

testRule(t, rule, {
  'enabled, default ingress class': [config({ [TLS]: 'enabled' }), place(TLS)],
  disabled: [config({ [TLS]: 'Disabled', 'internal-encryption': 'false' }), []],
  'not set': [config({}), []],
  'older key': [config({ 'internal-encryption': 'True' }), place('internal-encryption')],
  'ingress class Istio': [
    config({ [TLS]: 'Enabled', 'ingress.class': 'istio.ingress.networking.knative.dev' }),
    place(TLS)
  ],
  'ingress class Kourier': [config({ [TLS]: 'Enabled', 'ingress-class': KOURIER }), []],
  'ingress class Kourier, older key': [config({ [TLS]: 'Enabled', 'ingress.class': KOURIER }), []],
  'another namespace': [configMap('user1', 'config-network', { [TLS]: 'Enabled' }), []]
})
