import type { View } from '../state/snapshot.ts'
import { BY_PATH, type PublicAddress, STATUS_URL, subdomainOf } from './public-address.ts'
import type { Publication } from './publication.ts'
import { domainSetting, domainTemplateSetting, ingressSetting, type PublicationSetting } from './publication-setting.ts'

const isSame = (one: PublicAddress, other: PublicAddress) => one.host === other.host && one.path === other.path

/** True if the configuration publishes the address. */
export function publishes({ addresses }: Publication, address: PublicAddress): boolean {
  return addresses.some(one => one.isConfigured && isSame(one, address))
}

/**
 * Configured addresses that are not published any more. Not the InferenceService URL if the status has another one: no
 * caller uses it yet. None if the configuration is not known any more, or if another controller publishes the model: KServe
 * keeps an existing VirtualService, and Knative publishes components always.
 * @see kserve 0.20 pkg/controller/v1beta1/inferenceservice/reconcilers/ingress/ingress_reconciler.go (reconcileVirtualService)
 */
export function lostAddresses(before: Publication, after: Publication): readonly PublicAddress[] {
  const isKnown = after.absent !== undefined || after.addresses.some(one => one.isConfigured)
  const isComparable = before.by === after.by || [before, after].every(isStandard)
  if (!isKnown || !isComparable) return []
  const isUsed = ({ name }: PublicAddress) =>
    name !== 'address' || before.addresses.every(one => one.name !== STATUS_URL)
  return before.addresses.filter(one => one.isConfigured && isUsed(one) && !publishes(after, one))
}

const isStandard = ({ by }: Publication) => by === 'Ingress' || by === 'HTTPRoute'

/** Setting by which an address is not published any more. */
export function settingOf(
  view: Pick<View, 'settings'>,
  publication: Publication,
  lost: PublicAddress
): PublicationSetting {
  const { addresses, absent } = publication
  if (absent !== undefined) return absent
  const main = addresses.find(({ name }) => name === 'address')
  if (lost.name === BY_PATH) {
    const current = addresses.find(({ name }) => name === lost.name)
    return ingressSetting(
      view,
      current ? `pathTemplate makes it ${current.host}${current.path}` : 'pathTemplate is not set'
    )
  }
  const isMain = lost.name === 'address' || lost.name === STATUS_URL
  if (!isMain && main !== undefined && subdomainOf(lost) === subdomainOf(main))
    return ingressSetting(view, `additionalIngressDomains omits ${lost.domain}`)
  if (isMain && lost.domain !== main?.domain)
    return isStandard(publication)
      ? ingressSetting(view, `ingressDomain is ${main?.domain}`)
      : domainSetting(view, `config-domain selects ${main?.domain}`)
  return isStandard(publication)
    ? ingressSetting(view, `domainTemplate makes it ${main?.host}`)
    : domainTemplateSetting(view, `domain-template makes it ${main?.host}`)
}

/** Domain that, as one of KServe's `additionalIngressDomains`, keeps an address. */
export function keepingDomain({ addresses, by }: Publication, lost: PublicAddress): string | undefined {
  const main = addresses.find(({ name }) => name === 'address')
  const hasFurther = by === 'VirtualService' || by === 'HTTPRoute'
  const isKept = main !== undefined && lost.path === '' && subdomainOf(main) === subdomainOf(lost)
  return hasFurther && isKept ? lost.domain : undefined
}
