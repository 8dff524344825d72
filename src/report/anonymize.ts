import type { ResourceOf } from '../state/resource.ts'
import type { Snapshot } from '../state/snapshot.ts'
import { isBlock } from '../text/cidr.ts'
import type { CapturedObject } from './capture.ts'
import { KNOWN_WORDS } from './known-words.ts'
import { patternParts, splitWord } from './pattern-parts.ts'
import { toPseudonyms } from './pseudonyms.ts'

export interface Anonymized {
  readonly objects: readonly CapturedObject[]
  /** Replaces the names in another text. */
  readonly text: (text: string) => string
}

/** Names, hosts and label values consist of words of letters and digits. */
const WORD = /[A-Za-z0-9]+/g
/** Numbers, durations, quantities and single characters stay. */
const PLAIN = /^(\d+[A-Za-z]{0,2}|[A-Za-z])$/
const TIME = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/

/**
 * Replaces every word that the model does not know by a pseudonym, in all texts and keys of a capture but the names of fields. Words
 * are renamed one by one, so that names that are made of others (`iris-predictor.user1.svc`) still are. Pseudonyms keep the order
 * of names, by which Istio decides between objects of the same age. What a pattern matches within a word stays, so that it still
 * matches.
 */
export function anonymizer(state: Snapshot, objects: readonly CapturedObject[]): Anonymized {
  const texts = textsIn(objects)
  const present = [...new Set(texts.flatMap(({ text }) => wordsOf(text)).map(word => word.toLowerCase()))]
  const { prefixes, suffixes } = patternParts(objects)
  // No pseudonym is the beginning of another, so a prefix that is a whole word matches that word only, also when renamed.
  const isBeginning = (prefix: string) => present.some(word => word !== prefix && word.startsWith(prefix))
  const parts = { prefixes: prefixes.filter(isBeginning), suffixes }
  const known = [...KNOWN_WORDS, ...installationWords(state), ...parts.prefixes, ...parts.suffixes, ...fieldsIn(texts)]
  const kept = new Set(known.map(word => word.toLowerCase()))
  const isKept = (word: string) => kept.has(word) || PLAIN.test(word)
  const split = (word: string) => (isKept(word) ? [word] : splitWord(word, parts))
  const pseudonyms = toPseudonyms(new Set(present.flatMap(split)), isKept)
  const replace = (word: string) => {
    const small = word.toLowerCase()
    const renamed = split(small)
      .map(part => pseudonyms.get(part) ?? part)
      .join('')
    if (renamed === small) return word
    return word === small ? renamed : renamed.charAt(0).toUpperCase() + renamed.slice(1)
  }
  const text = (one: string) => (isOpaque(one) ? one : one.replace(WORD, replace))
  return { objects: objects.map(object => renameFields(object, text)), text }
}

const wordsOf = (text: string): readonly string[] => (isOpaque(text) ? [] : (text.match(WORD) ?? []))
/** Names of fields, and keys of labels that look like one. */
const fieldsIn = (texts: readonly Text[]) => texts.filter(one => one.isKey && FIELD.test(one.text)).map(one => one.text)
const FIELD = /^[A-Za-z0-9]+$/
const isOpaque = (text: string) => TIME.test(text) || isBlock(text)

/** Words in the names of control planes, their Services, Gateways, ConfigMaps and webhooks, and in configured settings. */
function installationWords(state: Snapshot): readonly string[] {
  const { installations, clusterDomain, trustDomain = '', rootNamespace = '' } = state.settings
  const namespaces = [...installations.istio, installations.knative, installations.kserve].map(one => one.namespace)
  const isOwn = ({ clientConfig }: Webhook) => namespaces.includes(clientConfig?.service?.namespace ?? '')
  const webhookNames = [
    ...state.list('MutatingWebhookConfiguration'),
    ...state.list('ValidatingWebhookConfiguration')
  ].flatMap(({ name, webhooks }) => {
    const own = webhooks.filter(isOwn)
    return own.length === 0 ? [] : [name, ...own.map(webhook => webhook.name)]
  })
  const objects = namespaces.flatMap(namespace => [
    ...state.list('Service', namespace),
    ...state.list('Gateway', namespace),
    ...state.list('ConfigMap', namespace)
  ])
  const names = objects.map(({ name }) => name)
  return [...namespaces, clusterDomain, trustDomain, rootNamespace, ...names, ...webhookNames].flatMap(wordsOf)
}

type Webhook = ResourceOf<'MutatingWebhookConfiguration'>['webhooks'][number]

interface Text {
  readonly text: string
  readonly isKey: boolean
}

function textsIn(value: unknown): readonly Text[] {
  if (typeof value === 'string') return [{ text: value, isKey: false }]
  if (typeof value !== 'object' || value === null) return []
  if (Array.isArray(value)) return value.flatMap(textsIn)
  return Object.entries(value).flatMap(([text, one]) => [{ text, isKey: true }, ...textsIn(one)])
}

function renameAll(value: unknown, text: (one: string) => string): unknown {
  if (typeof value === 'string') return text(value)
  if (Array.isArray(value)) return value.map(one => renameAll(one, text))
  return typeof value === 'object' && value !== null ? renameFields(value, text) : value
}

const renameFields = (value: object, text: (one: string) => string) =>
  Object.fromEntries(Object.entries(value).map(([key, one]) => [text(key), renameAll(one, text)]))
