import { nameOf, toRef } from '../model/resource.ts'
import { defineCut } from './rule.ts'
import { serveBoth } from './serve-both.ts'
import { blameSender, clientName, hostName, portName, sentName } from './words.ts'

export default defineCut({
  id: 'client-mtls-to-plain-listener',
  cause: 'mtls-to-plain-listener',
  summary: 'Clients send TLS to a port that takes plaintext alone',
  explain({ client, sent, destination, at }, view) {
    const sends = `${clientName(client)} send ${sentName(sent)} to`
    if ('servers' in at) {
      const [entry] = at.servers
      return {
        ...blameSender(sent, destination),
        message: `${sends} ${portName(at)}, which takes plain HTTP`,
        fix: {
          text: `Let ${nameOf(entry.gateway)} serve both first`,
          apply: [serveBoth(entry, view.settings.clusterDomain)]
        }
      }
    }
    return {
      ...blameSender(sent, destination, { object: toRef(at), field: 'spec.mtls.mode' }),
      message: `${sends} ${hostName(destination)}, where ${nameOf(at)} turns mTLS off`,
      fix: { text: `Set ${nameOf(at)} to PERMISSIVE, so that both are taken` }
    }
  }
})
