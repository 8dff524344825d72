import { toRef } from '../model/resource.ts'
import { defineCut } from './rule.ts'
import { serveBoth } from './serve-both.ts'
import { portName, serverField } from './words.ts'

export default defineCut({
  id: 'gateway-listener-rejected',
  cause: 'listener-rejected',
  summary: 'Two servers of one gateway port match alike, so Envoy refuses the port',
  explain({ at }, view) {
    const [entry] = at.servers
    return {
      object: toRef(entry.gateway),
      field: serverField(entry, 'hosts'),
      message: `${portName(at)} is served twice for the same hosts: Envoy refuses the whole port`,
      fix: {
        text: 'Give the TLS server narrower hosts than the other, such as *.svc.cluster.local, and put it first',
        apply: [serveBoth(entry, view.settings.clusterDomain)]
      }
    }
  }
})
