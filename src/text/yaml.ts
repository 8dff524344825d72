import { boolYaml11Tag, CORE_SCHEMA, load, mergeTag } from 'js-yaml'

/** YAML as Go parses it: `yes`, `on` and `n` are booleans, and `<<` merges. */
const SCHEMA = CORE_SCHEMA.withTags(boolYaml11Tag, mergeTag)

/**
 * Configurations of Istio and Knative have a few levels and no aliases. Each alias can repeat everything before it, so a
 * few more aliases would exhaust memory.
 */
const LIMITS = { maxDepth: 100, maxAliases: 10 }

/**
 * Parses YAML in a ConfigMap, in linear time; the last of duplicate keys takes precedence, as in Go. The parser for
 * manifests, which keeps line numbers, is many times slower, and quadratic for aliases.
 *
 * @returns `undefined` if the text does not parse or exceeds the limits
 * @see https://pkg.go.dev/sigs.k8s.io/yaml (Unmarshal)
 */
export function parseYaml(text: string): unknown {
  try {
    return load(text, { schema: SCHEMA, json: true, ...LIMITS })
  } catch {
    return undefined
  }
}
