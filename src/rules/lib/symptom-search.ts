import type { FailureRule } from './rule.ts'

/** Rule with what users see. */
type Described = Pick<FailureRule, 'id' | 'symptom' | 'ztunnelSymptom'>

const CODE = /`([^`]+)`/g
const STATUS = /\b[2-5]\d\d\b/g
/** Method, path and protocol, then status and response flags, as in the default access log of Istio. */
const LOG_LINE = /HTTP\/[\d.]+" (\d{3}) (\S+)/

/**
 * Rules whose symptom has most in common with a text: an access log line, or an error message.
 *
 * @returns the best first; none if nothing is common but a status
 */
export function findBySymptom<R extends Described>(rules: readonly R[], text: string): readonly R[] {
  const seen = wordsOf(text)
  const statuses = statusesOf(text)
  const scored = rules.map(rule => {
    const symptoms = `${rule.symptom} ${rule.ztunnelSymptom ?? ''}`
    const words = [...symptoms.matchAll(CODE)].flatMap(([, code = '']) => partsOf(code))
    const common = new Set(words.filter(word => seen.includes(` ${word} `))).size
    const isStatus = (symptoms.replaceAll(CODE, '').match(STATUS) ?? []).some(status => statuses.includes(status))
    return { rule, score: 2 * common + Number(isStatus), common }
  })
  const best = Math.max(0, ...scored.filter(({ common }) => common > 0).map(({ score }) => score))
  return scored
    .filter(({ common, score }) => common > 0 && score >= best - 1)
    .sort((a, b) => b.score - a.score)
    .map(({ rule }) => rule)
}

/** Words between single spaces; Envoy writes spaces of messages as underscores. */
const wordsOf = (text: string) =>
  ` ${text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, ' ')
    .trim()} `

/** Response flags and messages of a code span, such as `URX,UF` or `TLS_error ... WRONG_VERSION_NUMBER`. */
const partsOf = (code: string) =>
  code
    .split(/,|\.\.\.|\[|\{/)
    .map(part => wordsOf(part).trim())
    .filter(part => part !== '')

function statusesOf(text: string): readonly string[] {
  const [, status] = LOG_LINE.exec(text) ?? []
  return status === undefined ? (text.match(STATUS) ?? []) : [status]
}
