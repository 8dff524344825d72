import type { FastifyRequest } from 'fastify'

/** What the API server waits where it does not say. */
const DEFAULT_MS = 10_000
/** The answer has a way to go, and the API server something to do, before its time is up. */
const MARGIN = 0.1
const MIN_MARGIN_MS = 300

/** How long evaluation may take. The API server says by `?timeout=5s` how long it waits. */
export function budgetMs({ query }: Pick<FastifyRequest, 'query'>): number {
  const { timeout } = query as { readonly timeout?: unknown }
  const [, seconds] = /^(\d{1,9}(?:\.\d{1,9})?)s$/.exec(String(timeout)) ?? []
  const timeoutMs = seconds === undefined ? DEFAULT_MS : Number(seconds) * 1_000
  return Math.max(0, Math.round(timeoutMs - Math.max(MIN_MARGIN_MS, timeoutMs * MARGIN)))
}
