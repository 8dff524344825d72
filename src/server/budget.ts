import type { FastifyRequest } from 'fastify'

/** Default `timeoutSeconds` of a webhook. */
const DEFAULT_MS = 10_000
/** Part of the timeout that is reserved for network and API server. */
const MARGIN = 0.1
const MIN_MARGIN_MS = 300

/** Time for evaluation, in milliseconds, from the query parameter of the API server, such as `?timeout=5s`. */
export function budgetMs({ query }: Pick<FastifyRequest, 'query'>): number {
  const { timeout } = query as { readonly timeout?: unknown }
  const [, seconds] = /^(\d{1,9}(?:\.\d{1,9})?)s$/.exec(String(timeout)) ?? []
  const timeoutMs = seconds === undefined ? DEFAULT_MS : Number(seconds) * 1_000
  return Math.max(0, Math.round(timeoutMs - Math.max(MIN_MARGIN_MS, timeoutMs * MARGIN)))
}
