import { z } from 'zod'
import { KINDS, type Kind } from '../state/resource.ts'
import type { Snapshot } from '../state/snapshot.ts'
import { toYaml } from '../text/to-yaml.ts'
import type { CapturedObject } from './capture.ts'
import { installationLines, toInstallation } from './installation.ts'
import { plural } from './text.ts'

/** What the header of a capture says besides the state. */
export interface CaptureHeader {
  /** Version of Kubernetes; absent if the API server does not tell it. */
  readonly version: string | undefined
  /** Captured namespaces; absent: all. */
  readonly namespaces: readonly string[] | undefined
  readonly isAnonymous: boolean
}

const record = z.object({
  apiVersion: z.literal('mesh-guard.io/v1'),
  kind: z.literal('Capture'),
  notReadable: z.record(z.string(), z.string())
})

/**
 * Kinds that a captured cluster did not let read, with the reason, from the objects of its capture.
 */
export function unreadableKinds(objects: readonly unknown[]): ReadonlyMap<Kind, string> {
  const entries = objects.flatMap(object => Object.entries(record.safeParse(object).data?.notReadable ?? {}))
  return new Map(entries.filter((entry): entry is [Kind, string] => entry[0] in KINDS))
}

/** Object that says what a capture is, and which kinds could not be read. */
interface CaptureRecord extends z.output<typeof record> {
  readonly metadata: { readonly name: string }
  readonly about: readonly string[]
}

/** @param rename replaces the names in a text */
function toRecord(
  state: Snapshot,
  count: number,
  { version, namespaces, isAnonymous }: CaptureHeader,
  rename: (text: string) => string
): CaptureRecord {
  const unreadable = [...state.unreadable].map(([kind, reason]) => [kind, rename(reason)] as const)
  const about = [
    `mesh-guard capture: ${plural(count, 'object')}${version === undefined ? '' : ` of Kubernetes ${version}`}`,
    ...installationLines(toInstallation(state)).map(rename),
    ...unreadable.map(([kind, reason]) => `not readable: ${kind}: ${reason}`),
    `namespaces: ${namespaces === undefined ? 'all' : namespaces.map(rename).join(', ')}`,
    isAnonymous ? 'names: pseudonyms, except those that the model knows' : 'names: as in the cluster',
    'redacted: Secrets, environment, annotations and fields that no decision reads'
  ]
  return {
    apiVersion: 'mesh-guard.io/v1',
    kind: 'Capture',
    metadata: { name: 'capture' },
    about,
    notReadable: Object.fromEntries(unreadable)
  }
}

/**
 * A capture as one YAML stream. Kinds that could not be read are also a document, so that a decision that depends on one is not
 * evaluated, as in the cluster.
 *
 * @param rename replaces the names in a text
 */
export function toCaptureText(
  state: Snapshot,
  objects: readonly CapturedObject[],
  header: CaptureHeader,
  rename: (text: string) => string
): string {
  const { about, ...known } = toRecord(state, objects.length, header, rename)
  const comment = about.flatMap(line => line.split(/[\r\n]+/)).map(line => `# ${line}\n`)
  const notReadable = state.unreadable.size === 0 ? [] : [known]
  return [comment.join(''), ...[...notReadable, ...objects].map(toDocument)].join('---\n').trimEnd()
}

/** A capture as one JSON list; what the comments of the YAML stream say is in its first item. */
export function toCaptureJson(
  state: Snapshot,
  objects: readonly CapturedObject[],
  header: CaptureHeader,
  rename: (text: string) => string
): string {
  const items = [toRecord(state, objects.length, header, rename), ...objects]
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items }, undefined, 2)
}

/** `compat` quotes what kubectl would read as a boolean, such as `on`. */
const toDocument = (object: unknown) => toYaml(object, { lineWidth: 0, compat: 'yaml-1.1' })
