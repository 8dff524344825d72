import { boolYaml11Tag, CORE_SCHEMA, load, mergeTag } from 'js-yaml'

/** In Go `yes`, `on` and `n` are booleans, and `<<` merges. */
const SCHEMA = CORE_SCHEMA.withTags(boolYaml11Tag, mergeTag)

/**
 * Configurations of Istio and Knative have a few levels and no aliases. Some aliases would do: each can stand for all
 * that is before it, so that a few are as much as memory holds.
 */
const LIMITS = { maxDepth: 100, maxAliases: 10 }

/**
 * The value that a text of YAML in a ConfigMap holds; of several values for one key the last, as in Go. It takes time
 * linear in the length of the text. The parser of manifests, which keeps the line of each value, takes many times as
 * long, and quadratic time for aliases.
 *
 * @returns `undefined` for what does not parse, or goes beyond the limits.
 * @see https://pkg.go.dev/sigs.k8s.io/yaml (Unmarshal)
 */
export function parseYaml(text: string): unknown {
  try {
    return load(text, { schema: SCHEMA, json: true, ...LIMITS })
  } catch {
    return undefined
  }
}
