import { createHash } from 'node:crypto'
import { delegateOf, type VirtualService } from '../istio/virtual-service.ts'
import type { Component, InferenceService } from '../kserve/inference-service.ts'
import type { PathKinds } from '../request/caller.ts'
import { registryOf } from '../request/predicted-objects.ts'
import { getOrAdd } from '../state/map.ts'
import { memoize } from '../state/memoize.ts'
import type { View } from '../state/snapshot.ts'
import { serviceHost } from '../text/host.ts'
import { replaceWord } from '../text/replace-word.ts'

/**
 * VirtualServices for the hosts of a model and for the Services that these resolve to, and those that its controllers
 * manage, as hashes without its names.
 */
export function routeAttributes(
  view: View<PathKinds>,
  service: InferenceService,
  components: readonly Component[],
  hosts: readonly string[]
): readonly (readonly string[])[] {
  const { namespace, name } = service
  const { findService } = registryOf(view, service)
  const resolved = hosts.flatMap(host => {
    const found = findService(host)
    return found === undefined ? [] : [serviceHost(found.namespace, found.name, view.settings.clusterDomain)]
  })
  const hashOf = (one: VirtualService) =>
    getOrAdd(hashesOf(one), `${namespace}/${name}`, () => hash(withoutNames(one, namespace, name)))
  const hashesWithDelegates = (one: VirtualService) => [hashOf(one), ...delegatesOf(view, one).map(hashOf)]
  const managed = [name, ...components.flatMap(({ service }) => [`${service}-ingress`, `${service}-mesh`])]
  return [
    ...[...new Set([...hosts, ...resolved])].map(host => view.virtualServicesFor(host).flatMap(hashesWithDelegates)),
    managed
      .map(one => view.get('VirtualService', namespace, one))
      .flatMap(one => (one === undefined ? '' : hashesWithDelegates(one)))
  ]
}

function delegatesOf(view: View<PathKinds>, root: VirtualService): readonly VirtualService[] {
  return (root.spec.http ?? []).flatMap(route => delegateOf(view, root, route) ?? [])
}

/** A VirtualService for the hosts of many models has a hash for each. */
const hashesOf = memoize((_virtualService: VirtualService) => new Map<string, string>())

function withoutNames({ namespace, name, spec }: VirtualService, ownNamespace: string, model: string): string {
  return replaceWord(replaceWord(JSON.stringify([namespace, name, spec]), model, '@'), ownNamespace, '%')
}

const hash = (text: string) => createHash('sha256').update(text).digest('base64')
