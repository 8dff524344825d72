import t from 'tap'
import rule from '../../src/rules/system-internal-tls-with-istio.ts'
import { cases } from '../support/cases.ts'
import { configMap } from '../support/objects.ts'

const config = (data: Readonly<Record<string, string>>) => configMap('knative-serving', 'config-network', data)
const place = (key: string) => [`ConfigMap knative-serving/config-network data.${key}`]
const TLS = 'system-internal-tls'
const KOURIER = 'kourier.ingress.networking.knative.dev'

cases(t, rule, {
  'on, with the default class': [config({ [TLS]: 'enabled' }), place(TLS)],
  off: [config({ [TLS]: 'Disabled', 'internal-encryption': 'false' }), []],
  'not said': [config({}), []],
  'by its older name': [config({ 'internal-encryption': 'True' }), place('internal-encryption')],
  'with Istio': [config({ [TLS]: 'Enabled', 'ingress.class': 'istio.ingress.networking.knative.dev' }), place(TLS)],
  'with Kourier': [config({ [TLS]: 'Enabled', 'ingress-class': KOURIER }), []],
  'with Kourier, by its older name': [config({ [TLS]: 'Enabled', 'ingress.class': KOURIER }), []],
  'in another namespace': [configMap('user1', 'config-network', { [TLS]: 'Enabled' }), []]
})
