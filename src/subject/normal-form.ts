import { byCreationTime } from '../state/creation-order.ts'
import { getOrAdd } from '../state/map.ts'
import { memoize } from '../state/memoize.ts'
import type { ResourceOf } from '../state/resource.ts'
import { isBlock } from '../text/cidr.ts'
import { digest } from '../text/digest.ts'
import { replaceWord } from '../text/replace-word.ts'
import { isEmpty, type Labels } from '../text/selector.ts'
import { type BlockChange, blocksOf, isInOthers } from './address-blocks.ts'
import type { TextDiff } from './counts.ts'
import { isMatched, type LabelContext, reduceLabels } from './labels.ts'
import type { OwnKind } from './own-kinds.ts'
import type { WordIndex } from './word-index.ts'
import type { Words } from './words.ts'

type OwnObject = ResourceOf<OwnKind>
type Model = ResourceOf<'InferenceService'>
type Pod = ResourceOf<'Pod'>
type Slice = ResourceOf<'EndpointSlice'>

/** A model and its own objects. */
export interface Subject {
  readonly model: Model
  readonly objects: readonly OwnObject[]
}

/**
 * Normal form of a model with its own objects, as a hash. Models with equal forms have equal evaluations, but for what other objects
 * can match on of their names: `WordIndex.relationOf`.
 */
export function formOf(subject: Subject, words: WordIndex): string {
  const { model, objects } = subject
  const toText = textIn(subject, words)
  const pods = podsByText(subject, toText)
  const texts = (some: readonly OwnObject[]) => some.toSorted(byCreationTime).map(toText)
  const services = objects.filter(one => one.kind === 'Service')
  return digest([
    toText(model),
    pods.map(([text, alike]) => [text, alike.length > 1]),
    // Of Services that select a pod the oldest takes precedence; the order of others has no effect.
    texts(services.filter(({ spec }) => !isEmpty(spec.selector))).filter((text, i, all) => text !== all[i - 1]),
    distinct(texts(services.filter(({ spec }) => isEmpty(spec.selector)))),
    distinct(objects.flatMap(one => (one.kind === 'EndpointSlice' ? toText(toPlainSlice(one, pods)) : []))),
    texts(objects.filter(({ kind }) => ROUTES.includes(kind)))
  ])
}

const ROUTES: readonly OwnKind[] = ['VirtualService', 'HTTPRoute', 'Ingress']

const distinct = (texts: readonly string[]) => [...new Set(texts)].sort()

/** Two pods with an equal text show that there are several. */
const PODS_PER_TEXT = 2

/** Objects as the evaluation sees them, reduced like the normal form. */
export interface ReducedObjects {
  readonly model: Model
  /** Of pods with an equal form there are at most two. */
  readonly shown: readonly OwnObject[]
  /** By kind and name. A pod that is left out has the one that stands for it. */
  readonly byName: ReadonlyMap<string, OwnObject>
}

/** Memoized: another state has the same subject only if its objects are reduced alike. */
export function reduceObjects(subject: Subject, words: WordIndex): ReducedObjects {
  return getOrAdd(reduced(subject), 'objects', () => makeReduced(subject, words))
}

const reduced = memoize((_subject: Subject) => new Map<'objects', ReducedObjects>())

function makeReduced(subject: Subject, words: WordIndex): ReducedObjects {
  const toReduced = reducerIn(subject, words)
  const reduce = <T extends OwnObject>(object: T): T => JSON.parse(JSON.stringify(object, toReduced))
  const pods = podsByText(subject, textIn(subject, words)).map(
    ([, [first, ...alike]]) => [reduce(first), alike] as const
  )
  const model = reduce(subject.model)
  const others = subject.objects.filter(({ kind }) => kind !== 'Pod' && kind !== 'InferenceService')
  const shown: readonly OwnObject[] = [
    model,
    ...pods.flatMap(([first, alike]) => [first, ...alike.slice(0, PODS_PER_TEXT - 1).map(reduce)]),
    ...others.map(reduce)
  ]
  const byName = new Map<string, OwnObject>(
    pods.flatMap(([first, alike]) => alike.map(({ name }) => [`Pod ${name}`, first]))
  )
  for (const object of shown) byName.set(`${object.kind} ${object.name}`, object)
  return { model, shown, byName }
}

/** Objects with a name that is replaced. */
interface Named extends Pick<Subject, 'objects'> {
  readonly model: Pick<Model, 'name' | 'namespace' | 'status'>
}

type ToText = (object: object) => string
type AlikePods = readonly [Pod, ...Pod[]]

/** Pods by their text without name, in the order of names: of pods that differ, some checks look at the first. */
function podsByText({ objects }: Subject, toText: ToText): readonly (readonly [string, AlikePods])[] {
  const byText = new Map<string, [Pod, ...Pod[]]>()
  for (const pod of objects) {
    if (pod.kind !== 'Pod') continue
    const text = toText({ ...pod, name: '', owner: undefined })
    const alike = byText.get(text)
    if (alike === undefined) byText.set(text, [pod])
    else alike.push(pod)
  }
  return [...byText]
}

/** A slice with the position of its pods in place of their names and addresses. */
function toPlainSlice(slice: Slice, pods: readonly (readonly [string, AlikePods])[]) {
  const endpoints = slice.endpoints.map(endpoint => {
    const { addresses, targetRef } = endpoint
    const isOf = ({ name, status }: Pod) =>
      targetRef === undefined ? addresses.includes(status?.podIP ?? '') : targetRef.name === name
    const at = pods.findIndex(([, alike]) => alike.some(isOf))
    return at < 0 ? JSON.stringify(endpoint) : at
  })
  return { ...slice, name: '', owner: undefined, endpoints: [...new Set(endpoints)].sort() }
}

/** Placeholders. No JSON has a text between quotes beside another text. */
const NAME = '"name"'
const NAMESPACE = '"namespace"'

/** Text of an object, with placeholders for what nothing matches on. */
export function textIn(subject: Named, words: WordIndex): ToText {
  const { name, namespace } = subject.model
  const toReduced = reducerIn(subject, words)
  const toRevision = revisionsOf(subject.model, words)
  const replacer = (key: string, value: unknown) =>
    typeof value === 'string' && isBlock(value) ? blocksOf(value, words) : toReduced(key, value)
  return object => {
    const text = JSON.stringify({ ...object, created: 'created' in object && object.created === undefined }, replacer)
    return replaceWord(replaceWord(text, name, NAME), namespace, NAMESPACE).replace(REVISION, toRevision)
  }
}

/** Replacer of `JSON.stringify` that leaves out labels and annotations. */
function reducerIn({ model: { name }, objects }: Named, words: WordIndex) {
  const selectors = objects.flatMap(one => (one.kind === 'Service' ? Object.entries(one.spec.selector).flat() : []))
  const context: LabelContext = { name, words, selected: new Set(selectors) }
  return (key: string, value: unknown) => (isLabels(key, value) ? reduceLabels(value, context) : value)
}

const isLabels = (key: string, value: unknown): value is Labels =>
  (key === 'labels' || key === 'annotations') && typeof value === 'object' && value !== null

const NONE: readonly string[] = []

/** Number of a revision of a model. */
const REVISION = /("name"[a-z0-9-]*-)(\d{5})(?!\w)/g
const FIRST = '00001'

/** Replaces the numbers of the revisions that get requests by their position, and others by a placeholder. */
function revisionsOf({ status }: Named['model'], { hasRevisions }: WordIndex) {
  const used = ['predictor', 'transformer', 'explainer'].flatMap(name => {
    const { latestReadyRevision = FIRST, traffic = [] } = status?.components?.[name] ?? {}
    return [latestReadyRevision, ...traffic.map(({ revisionName = '' }) => revisionName)].map(one =>
      one.slice(-FIRST.length)
    )
  })
  return (text: string, before: string, number: string) => (hasRevisions ? text : `${before}#${used.indexOf(number)}`)
}

/** True if the normal form can differ after a change of words. */
export function isReshaped(
  { objects }: Subject,
  { values }: Pick<Words<TextDiff>, 'values'>,
  blocks: BlockChange
): boolean {
  return objects.some(
    object =>
      hasMatchedLabels(object, values) ||
      (blocks.before !== blocks.after && addressesOf(object).some(address => isInOthers(address, blocks)))
  )
}

function hasMatchedLabels(object: OwnObject, values: TextDiff): boolean {
  if (values.isEmpty) return false
  if (isMatched(object.labels, values) || isMatched(object.annotations, values)) return true
  if (object.kind !== 'InferenceService') return false
  const { predictor, transformer, explainer, canary } = object.spec
  return [predictor, transformer, explainer, ...canary.map(one => one.predictor)].some(
    one => one !== undefined && (isMatched(one.labels, values) || isMatched(one.annotations, values))
  )
}

function addressesOf(object: OwnObject): readonly string[] {
  if (object.kind === 'EndpointSlice') return object.endpoints.flatMap(({ addresses }) => addresses)
  const address = object.kind === 'Pod' ? object.status?.podIP : undefined
  return address === undefined ? NONE : [address]
}
