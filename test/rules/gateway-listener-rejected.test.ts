import t from 'tap'
import rule from '../../src/rules/gateway-listener-rejected.ts'
import { cases } from '../support/cases.ts'
import { gateway } from '../support/objects.ts'

const mutual = (host: string, name = 'https') =>
  `{ hosts: ["${host}"], port: { name: ${name}, number: 8081, protocol: HTTPS }, tls: { mode: ISTIO_MUTUAL } }`
const plain = '{ hosts: ["*"], port: { name: http, number: 8081, protocol: HTTP } }'
const LOCAL = 'knative-local-gateway'
const PLACE = 'Gateway knative-serving/knative-local-gateway spec.servers[0].hosts'

cases(t, rule, {
  'both for every host': [gateway(LOCAL, `${mutual('*')}, ${plain}`), [PLACE]],
  'HTTP first: the other is ignored': [gateway(LOCAL, `${plain}, ${mutual('*')}`), []],
  'every host of one namespace is every host': [gateway(LOCAL, `${mutual('./*')}, ${plain}`), [PLACE]],
  'a second Gateway for the same host is ignored': [
    `${gateway(LOCAL, mutual('*'))}---${gateway('second', mutual('*'))}`,
    []
  ],
  'from any namespace': [gateway(LOCAL, `${mutual('*/*')}, ${plain}`), [PLACE]],
  'a second Gateway for the same host of its own namespace': [
    `${gateway(LOCAL, mutual('./a.example.com'))}---${gateway('second', mutual('./a.example.com')).replace('knative-serving', 'other')}`,
    [PLACE]
  ]
})
