import { z } from 'zod'
import { versionOf } from '../kubernetes/version.ts'
import { DEFAULT_REVISION, type Installation, sourceText } from '../state/discovery.ts'
import type { View } from '../state/snapshot.ts'

const installation = z.object({
  namespace: z.string(),
  revision: z.string().optional().describe('Revision of Istio'),
  version: z.string().optional().describe('Version of its running pods; absent if no pod or image tag shows it'),
  source: z.string().describe('Object or configuration key that shows the installation, or `assumed`')
})

/** Schema of the discovered installations, in the JSON output of `check`, `audit` and `explain`. */
export const installationSchema = z
  .object({
    istio: z.array(installation).readonly(),
    knative: z.array(installation).readonly(),
    kserve: z.array(installation).readonly()
  })
  .describe('Control planes, with the objects that show them')

export type InstallationView = z.output<typeof installationSchema>

/** The control planes of a state, with their versions. */
export function toInstallation(view: View<'Pod'>): InstallationView {
  const { istio, knative, kserve } = view.settings.installations
  const entry = (one: Installation, labels: Readonly<Record<string, string>>) => ({
    namespace: one.namespace,
    version: versionOf(view, one.namespace, labels),
    source: sourceText(one)
  })
  return {
    istio: istio.map(({ revision, ...one }) => {
      const labels = revision === DEFAULT_REVISION ? { app: 'istiod' } : { app: 'istiod', 'istio.io/rev': revision }
      return { revision, ...entry(one, labels) }
    }),
    knative: [entry(knative, { app: 'activator' })],
    kserve: [entry(kserve, { 'control-plane': 'kserve-controller-manager' })]
  }
}

/** One line for each control plane. */
export function installationLines({ istio, knative, kserve }: InstallationView): readonly string[] {
  const line = (name: string, { namespace, revision, version, source }: InstallationView['istio'][number]) =>
    [
      name,
      ...(revision === undefined || revision === DEFAULT_REVISION ? [] : [`revision ${revision}`]),
      ...(version === undefined ? [] : [version]),
      `in namespace ${namespace} (${source})`
    ].join(' ')
  return [
    ...istio.map(one => line('Istio', one)),
    ...knative.map(one => line('Knative Serving', one)),
    ...kserve.map(one => line('KServe', one))
  ]
}
