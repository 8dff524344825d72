import t from 'tap'
import rule from '../../src/rules/gateway-listener-rejected.ts'
import { gateway } from '../support/objects.ts'
import { testRule } from '../support/table-test.ts'

const mutual = (host: string, name = 'https') =>
  `{ hosts: ["${host}"], port: { name: ${name}, number: 8081, protocol: HTTPS }, tls: { mode: ISTIO_MUTUAL } }`
const plain = '{ hosts: ["*"], port: { name: http, number: 8081, protocol: HTTP } }'
const LOCAL = 'knative-local-gateway'
const PLACE = 'Gateway knative-serving/knative-local-gateway spec.servers[0].hosts'

testRule(t, rule, {
  'two servers for all hosts': [gateway(LOCAL, `${mutual('*')}, ${plain}`), [PLACE]],
  'HTTP first: Istio ignores the other server': [gateway(LOCAL, `${plain}, ${mutual('*')}`), []],
  'all hosts of one namespace': [gateway(LOCAL, `${mutual('./*')}, ${plain}`), [PLACE]],
  'second Gateway for the same host: Istio ignores it': [
    `${gateway(LOCAL, mutual('*'))}---${gateway('second', mutual('*'))}`,
    []
  ],
  'all hosts of any namespace': [gateway(LOCAL, `${mutual('*/*')}, ${plain}`), [PLACE]],
  'second Gateway for the same host of its own namespace': [
    `${gateway(LOCAL, mutual('./a.example.com'))}---${gateway('second', mutual('./a.example.com')).replace('knative-serving', 'other')}`,
    [PLACE]
  ]
})
