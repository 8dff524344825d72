import { stripTypeScriptTypes } from 'node:module'
import { type AnyNode, parse } from 'acorn'
import { checkSync } from 'recheck'

// In this process, without a worker, Java or native code.
process.env['RECHECK_SYNC_BACKEND'] = 'pure'

export interface Literal {
  readonly line: number
  readonly source: string
  readonly flags: string
}

export interface RegularExpressions {
  readonly literals: readonly Literal[]
  /** Lines with `RegExp`, which may build an expression that cannot be checked. */
  readonly dynamic: readonly number[]
}

/** Finds the regular expressions in TypeScript source. */
export function findRegularExpressions(text: string): RegularExpressions {
  const literals: Literal[] = []
  const dynamic: number[] = []
  const script = stripTypeScriptTypes(text)
  for (const node of nodesIn(parse(script, { ecmaVersion: 'latest', sourceType: 'module', locations: true }))) {
    const line = node.loc?.start.line ?? 0
    if (node.type === 'Literal' && node.regex)
      literals.push({ line, source: node.regex.pattern, flags: node.regex.flags })
    if (node.type === 'Identifier' && node.name === 'RegExp') dynamic.push(line)
  }
  return { literals, dynamic }
}

function* nodesIn(value: unknown): Generator<AnyNode> {
  if (typeof value !== 'object' || value === null) return
  if ('type' in value && typeof value.type === 'string') yield value as AnyNode
  for (const inner of Object.values(value)) yield* nodesIn(inner)
}

/** The checker returns `unknown` on timeout, which is more likely under load. */
const TIMEOUT_MS = 60_000

/**
 * Complexity of a regular expression that may take more than linear time.
 *
 * @returns `undefined` if the expression is proven linear.
 * @see https://makenowjust-labs.github.io/recheck/
 */
export function whyNotLinear({ source, flags }: Pick<Literal, 'source' | 'flags'>): string | undefined {
  const result = checkSync(source, flags, { timeout: TIMEOUT_MS })
  if (result.status === 'safe') return undefined
  return result.status === 'unknown' ? `unknown: ${result.error.kind}` : result.complexity.summary
}
