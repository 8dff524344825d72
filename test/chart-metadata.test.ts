/** Metadata and README of the chart, as generated from package.json, CHANGELOG.md and values.yaml. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { changesOf, makeChartReadme, makeChartYaml, valuesOf } from '../scripts/chart-metadata.ts'
import { CHART, IMAGE, REPOSITORY, SITE, VERSION } from '../scripts/project.ts'

const root = join(import.meta.dirname, '..')
const VALUES = 'charts/kserve-mesh-guard/values.yaml'

t.test('changes are the entries of the newest version', async t => {
  const changelog = '# Changes\n\n## 2.0.0\n\n### Added\n\n- One\n  more line\n- Two\n\n## 1.0.0\n\n- Old\n'
  t.same(changesOf(changelog), ['One more line', 'Two'])
  t.ok(changesOf(readFileSync(join(root, 'CHANGELOG.md'), 'utf8')).length > 0)
})

t.test('Chart.yaml has what Artifact Hub shows', async t => {
  const { annotations, ...chart } = parse(makeChartYaml())
  t.match(chart, {
    version: VERSION,
    home: SITE,
    icon: `${SITE}icon.svg`,
    maintainers: [{ name: 'kserve-mesh-guard' }]
  })
  const { image } = parse(readFileSync(join(root, VALUES), 'utf8'))
  t.same(parse(annotations['artifacthub.io/images']), [
    { name: 'kserve-mesh-guard', image: `${image.repository}:${chart.appVersion}` }
  ])
  t.same(parse(annotations['artifacthub.io/changes']), changesOf(readFileSync(join(root, 'CHANGELOG.md'), 'utf8')))
  t.equal(annotations['artifacthub.io/license'], 'Apache-2.0')
})

t.test('a value has the comment above it', async t => {
  const text = [
    '# Heading of the file',
    '',
    '# First value.',
    'a: 1',
    '# An object,',
    '# explained once.',
    '# Example:',
    '#   b: { c: 2 }',
    'b:',
    '  c: 1',
    'd:',
    '  # Inside an object.',
    '  e: {}',
    '# Object of the next.',
    'f:',
    '  # Deeper.',
    '  g: []',
    'h: true'
  ]
  t.same(valuesOf(text.join('\n')), [
    { key: 'a', fallback: 1, description: 'First value.' },
    { key: 'b', fallback: { c: 1 }, description: 'An object, explained once.' },
    { key: 'd.e', fallback: {}, description: 'Inside an object.' },
    { key: 'f', fallback: undefined, description: 'Object of the next.' },
    { key: 'f.g', fallback: [], description: 'Deeper.' },
    { key: 'h', fallback: true, description: '' }
  ])
})

t.test('every value of the chart has a comment and a row', async t => {
  const values = valuesOf(readFileSync(join(root, VALUES), 'utf8'))
  t.same(
    values.filter(({ description }) => description === ''),
    []
  )
  const readme = makeChartReadme()
  for (const { key } of values) t.match(readme, `\n| \`${key}\` |`)
})

t.test('written pages have the addresses of package.json', async t => {
  const page = (file: string) => readFileSync(join(root, file), 'utf8')
  const [readme, install] = [page('README.md'), page('docs/install.md')]
  t.match(readme, `<${SITE}>`)
  t.match(install, CHART)
  t.match(install, IMAGE)
  const owner = new URL(REPOSITORY).pathname.split('/')[1]
  // Signatures and sources are named without a scheme.
  const known = [SITE, REPOSITORY, CHART, CHART.replace('oci://', ''), IMAGE]
  for (const [address = ''] of `${readme}${install}`.matchAll(/[\w:/.-]*(?:ghcr|github)\.io[\w:/.-]*/g))
    t.ok(known.some(one => address.startsWith(one)) && address.includes(`${owner}`), address)
})
