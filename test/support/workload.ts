import type { Request } from '../../src/istio/request.ts'
import type { Workload } from '../../src/state/workload.ts'

/** Pod with a sidecar in `user1`, with overrides. */
export function workload(more: Partial<Workload> = {}): Workload {
  return {
    namespace: 'user1',
    name: 'pod',
    labels: {},
    serviceAccount: 'default',
    proxy: 'sidecar',
    ports: [],
    address: '10.0.0.1',
    ...more
  }
}

/** Prediction request over mTLS, with overrides. */
export function request(more: Partial<Request> = {}): Request {
  return {
    host: 'model.user1.svc.cluster.local',
    path: '/v1/models/model:predict',
    method: 'POST',
    token: undefined,
    headers: {},
    headersComplete: false,
    identity: 'spiffe://cluster.local/ns/user2/sa/caller',
    from: '10.0.2.2',
    to: { address: '10.0.1.1', port: 8012 },
    sni: 'outbound_.80_._.model.user1.svc.cluster.local',
    http: true,
    ...more
  }
}
