import { z } from 'zod'
import { memoize } from '../state/memoize.ts'
import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { renderGoTemplate } from '../text/go-template.ts'
import { isDnsName } from '../text/host.ts'
import { hasLabels, type Labels } from '../text/selector.ts'
import { parseYaml } from '../text/yaml.ts'

/** Label of a Knative Service with this value: it is not published. */
export const VISIBILITY = 'networking.knative.dev/visibility'
export const CLUSTER_LOCAL = 'cluster-local'

const EXAMPLE = '_example'
/** Assumed if a state has no configuration of domains. */
const ASSUMED_DOMAIN = 'example.com'

interface Domain {
  readonly name: string
  readonly selector: Labels
}

const domainSchema = z.object({ selector: z.record(z.string(), z.string()).nullish() })

/** Domains, the most specific selector first, then by name. A value that does not parse is ignored. */
const readDomains = memoize(({ data }: ResourceOf<'ConfigMap'>): readonly Domain[] =>
  Object.entries(data)
    .flatMap(([name, value]): readonly Domain[] => {
      if (name === EXAMPLE) return []
      const { data: read } = domainSchema.safeParse(value.trim() === '' ? {} : parseYaml(value))
      return read === undefined ? [] : [{ name, selector: read.selector ?? {} }]
    })
    .sort((a, b) => specificity(b) - specificity(a) || (a.name < b.name ? -1 : 1))
)

const specificity = ({ selector }: Domain) => Object.keys(selector).length

/** Knative's ConfigMap that selects the domain of a Knative Service by its labels. */
export function findDomainConfig(view: View<'ConfigMap'>): ResourceOf<'ConfigMap'> | undefined {
  return view.get('ConfigMap', view.settings.knativeNamespace, 'config-domain')
}

/**
 * External domain of a Knative Service with these labels; absent if it is not published.
 * @see knative serving 1.23 pkg/reconciler/route/config/domain.go (LookupDomainForLabels)
 */
export function publicDomain(view: View<'ConfigMap'>, labels: Labels): string | undefined {
  if (labels[VISIBILITY] === CLUSTER_LOCAL) return undefined
  const map = findDomainConfig(view)
  if (map === undefined) return ASSUMED_DOMAIN
  const domain = readDomains(map).find(({ selector }) => hasLabels(labels, selector))?.name
  return domain === `svc.${view.settings.clusterDomain}` ? undefined : domain
}

const DEFAULT_DOMAIN_TEMPLATE = '{{.Name}}.{{.Namespace}}.{{.Domain}}'

/** Public host of a Knative Service, or why it cannot be computed. Absent: it is not published. */
export type PublicHost =
  | { readonly host: string; readonly domain: string }
  | { readonly unknownReason: string }
  | undefined

/**
 * Host under which Knative publishes a Service: the domain template of config-network.
 * @see knative networking 1.23 pkg/config/config.go (DefaultDomainTemplate), serving pkg/reconciler/route/domains/domains.go
 */
export function publicHost(view: View<'ConfigMap'>, name: string, namespace: string, labels: Labels): PublicHost {
  const domain = publicDomain(view, labels)
  if (domain === undefined) return undefined
  const { knativeNamespace } = view.settings
  const map = view.get('ConfigMap', knativeNamespace, 'config-network')
  const template = map?.data['domain-template']?.trim() || DEFAULT_DOMAIN_TEMPLATE
  const fields = { Name: name, Namespace: namespace, Domain: domain }
  const host = renderGoTemplate(template, { fields, maps: { Labels: labels } })
  if (host !== undefined && isDnsName(host)) return { host, domain }
  return {
    unknownReason: `domain-template of ConfigMap ${knativeNamespace}/config-network is not modeled or names no host`
  }
}
