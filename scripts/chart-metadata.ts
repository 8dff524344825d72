/** Generates Chart.yaml, the README of the chart, and the addresses in its values and alerts. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isMap, isScalar, type Pair, parseDocument, stringify, type YAMLMap } from 'yaml'
import { CHART, DESCRIPTION, IMAGE, LICENSE, NAME, REPOSITORY, SITE, VERSION } from './project.ts'

const root = join(import.meta.dirname, '..')
const read = (file: string) => readFileSync(join(root, file), 'utf8')
const FOLDER = 'charts/kserve-mesh-guard'

const KUBE_VERSION = `# matchConditions of webhooks are stable since 1.30. Without them every ConfigMap would be sent to the webhook.\n`

/** @see https://artifacthub.io/docs/topics/annotations/helm/ */
export function makeChartYaml(): string {
  const nested = (value: object) => stringify(value, { lineWidth: 0 })
  const chart = {
    apiVersion: 'v2',
    name: NAME,
    description: DESCRIPTION,
    type: 'application',
    version: VERSION,
    appVersion: VERSION,
    kubeVersion: '>=1.30.0-0',
    home: SITE,
    sources: [REPOSITORY],
    icon: `${SITE}icon.svg`,
    keywords: ['kserve', 'istio', 'knative', 'admission'],
    maintainers: [{ name: NAME, url: REPOSITORY }],
    annotations: {
      'artifacthub.io/category': 'networking',
      'artifacthub.io/changes': nested(changesOf(read('CHANGELOG.md'))),
      'artifacthub.io/images': nested([{ name: NAME, image: `${IMAGE}:${VERSION}` }]),
      'artifacthub.io/license': LICENSE,
      'artifacthub.io/links': nested([
        { name: 'Documentation', url: SITE },
        { name: 'Rules', url: `${SITE}rules/` },
        { name: 'Support', url: `${REPOSITORY}/issues` }
      ])
    }
  }
  const text = stringify(chart, { lineWidth: 0 }).replace(/^kubeVersion/m, `${KUBE_VERSION}$&`)
  return `# Generated from package.json and CHANGELOG.md by \`npm run generate\`.\n${text}`
}

/** Entries of the newest version, each on one line. */
export function changesOf(changelog: string): readonly string[] {
  const [, newest = ''] = changelog.split(/^## .*\n/m)
  return [...newest.matchAll(/^- (.*(?:\n {2,}\S.*)*)/gm)].map(([, entry = '']) => entry.replace(/\n +/g, ' '))
}

/** A value, or an object of values that one comment describes. */
interface Value {
  readonly key: string
  readonly fallback: unknown
  /** Empty if the value has no comment. */
  readonly description: string
}

/** Values with the comment above each. An object without a comment, or with comments inside, is described by its values. */
export function valuesOf(text: string): readonly Value[] {
  return rowsOf('', parseDocument(text).contents as YAMLMap)
}

/** The last paragraph of the comment, on one line, without an example. */
function commentOf(comment: string | null | undefined): string {
  const paragraph = (comment ?? '').split('\n\n').slice(-1).join('')
  const [description = ''] = paragraph.split(/^ Example:$/m)
  return description.replaceAll(/\s+/g, ' ').trim()
}

function rowsOf(path: string, map: YAMLMap): readonly Value[] {
  return map.items.flatMap((pair, i) => {
    const { key, value } = pair as Pair<{ value: string; commentBefore?: string }, unknown>
    const name = path === '' ? key.value : `${path}.${key.value}`
    // The comment above the first key of an object belongs to the object.
    const description = commentOf(key.commentBefore ?? (i === 0 ? map.commentBefore : undefined))
    const isDescribed = isMap(value) && value.items.length > 0 && hasComments(value)
    const rows = isDescribed ? rowsOf(name, value) : []
    const fallback = isMap(value) || !isScalar(value) ? (value as YAMLMap).toJSON() : value.value
    return isDescribed
      ? [...(description === '' ? [] : [{ key: name, fallback: undefined, description }]), ...rows]
      : [{ key: name, fallback, description }]
  })
}

const hasComments = (map: YAMLMap): boolean =>
  [map.commentBefore, ...map.items.map(({ key }) => (key as { commentBefore?: string }).commentBefore)].some(
    comment => comment !== undefined && comment !== null
  ) || map.items.some(({ value }) => isMap(value) && hasComments(value))

const toCell = (text: string) => text.replaceAll('|', '\\|')

export function makeChartReadme(): string {
  const rows = valuesOf(read(`${FOLDER}/values.yaml`)).map(({ key, fallback, description }) => {
    const shown = fallback === undefined ? '' : `\`${toCell(JSON.stringify(fallback))}\``
    return `| \`${key}\` | ${shown} | ${toCell(description)} |`
  })
  return `# ${NAME}

${DESCRIPTION}. [Documentation](${SITE}), [rules](${SITE}rules/), [source](${REPOSITORY}).

\`\`\`console
$ helm install ${NAME} ${CHART} --version ${VERSION} --namespace mesh-guard --create-namespace
$ helm test ${NAME} --namespace mesh-guard
\`\`\`

Use a separate namespace: objects in the namespace of the guard are never evaluated. Requirements, memory, upgrade and uninstall:
[Install](${SITE}install). Steps for an existing cluster: [Roll out](${SITE}rollout).

With the Prometheus Operator and Grafana, set \`serviceMonitor.enabled\`, \`prometheusRule.enabled\` and \`dashboard.enabled\`.
Each alert links to its runbook.

## Values

An unknown key is an error. This page is generated by \`npm run generate\`.

| key | default | description |
|---|---|---|
${rows.join('\n')}
`
}

/** Files with addresses of the project, updated to those of package.json. */
export function makeAddressed(): readonly (readonly [string, string])[] {
  const replace = (file: string, pattern: RegExp, to: string) => [file, read(file).replaceAll(pattern, to)] as const
  return [
    replace(`${FOLDER}/alerts.yaml`, /(?<=runbook_url: )\S+?(\w+)$/gm, `${SITE}runbooks/$1`),
    replace(`${FOLDER}/values.yaml`, /(?<=^ {2}repository: ).*$/gm, IMAGE)
  ]
}
