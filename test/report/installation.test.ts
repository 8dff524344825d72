import t from 'tap'
import { installationLines, toInstallation } from '../../src/report/installation.ts'
import { stateOf } from '../support/snapshot.ts'

const istiod = (name: string, revision: string, version: string) => `
apiVersion: v1
kind: Pod
metadata: { namespace: istio-system, name: ${name}, labels: { app: istiod, istio.io/rev: ${revision} } }
spec: { containers: [{ name: discovery, image: "docker.io/istio/pilot:${version}" }] }
---
apiVersion: v1
kind: ConfigMap
metadata: { namespace: istio-system, name: ${revision === 'default' ? 'istio' : `istio-${revision}`} }
data: { mesh: '' }
`

t.test('installations have revision, version and the object that shows them', async t => {
  const view = stateOf([istiod('a', 'canary', '1.25.0'), istiod('b', 'default', '1.24.2')].join('---'))
  const installation = toInstallation(view)
  t.match(installation.istio, [
    { revision: 'default', namespace: 'istio-system', source: 'ConfigMap istio-system/istio' },
    { revision: 'canary', version: '1.25.0' }
  ])
  t.same(installationLines(installation).slice(1), [
    'Istio revision canary 1.25.0 in namespace istio-system (ConfigMap istio-system/istio-canary)',
    'Knative Serving in namespace knative-serving (assumed)',
    'KServe in namespace kserve (assumed)'
  ])
})
