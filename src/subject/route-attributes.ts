import { createHash } from 'node:crypto'
import type { VirtualService } from '../istio/virtual-service.ts'
import type { Component, InferenceService } from '../kserve/inference-service.ts'
import type { PathKinds } from '../request/caller.ts'
import { getOrAdd } from '../state/map.ts'
import { memoize } from '../state/memoize.ts'
import type { View } from '../state/snapshot.ts'
import { replaceWord } from '../text/replace-word.ts'

/** VirtualServices for the hosts of a model, and those that its controllers manage, as hashes without its names. */
export function routeAttributes(
  view: View<PathKinds>,
  { namespace, name }: InferenceService,
  components: readonly Component[],
  hosts: readonly string[]
): readonly (readonly string[])[] {
  const hashOf = (one: VirtualService) =>
    getOrAdd(hashesOf(one), `${namespace}/${name}`, () => hash(withoutNames(one, namespace, name)))
  const managed = [name, ...components.flatMap(({ service }) => [`${service}-ingress`, `${service}-mesh`])]
  return [
    ...hosts.map(host => view.virtualServicesFor(host).map(hashOf)),
    managed.map(one => view.get('VirtualService', namespace, one)).map(one => (one === undefined ? '' : hashOf(one)))
  ]
}

/** A VirtualService for the hosts of many models has a hash for each. */
const hashesOf = memoize((_virtualService: VirtualService) => new Map<string, string>())

function withoutNames({ namespace, name, spec }: VirtualService, ownNamespace: string, model: string): string {
  return replaceWord(replaceWord(JSON.stringify([namespace, name, spec]), model, '@'), ownNamespace, '%')
}

const hash = (text: string) => createHash('sha256').update(text).digest('base64')
