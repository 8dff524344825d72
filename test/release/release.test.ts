/** Texts of a release. `npm run release:check` makes the files. */
import { execFileSync } from 'node:child_process'
import t from 'tap'
import { parse } from 'yaml'
import { archiveOf } from '../../scripts/release/executable.ts'
import { toFormula } from '../../scripts/release/homebrew.ts'
import { toKrew } from '../../scripts/release/krew.ts'
import { CheckFailed, manifest, read } from '../../scripts/release/lib.ts'
import { PLATFORMS, platformOf } from '../../scripts/release/platforms.ts'
import { notesOf, sectionsOf } from '../../scripts/release/versions.ts'

const CHANGES = `# Changelog

## [Unreleased]

### Added

- next

## [1.1.0] - 2026-02-28

### Fixed

- this

## [1.0.0] - 2026-01-31

- first

[1.1.0]: https://example.com/1.1.0
`
const EMPTY = '## [Unreleased]\n\n## [1.0.0] - 2026-01-31\n\n- first\n'

t.test('notes of a release are the section of its version', async t => {
  for (const [changelog, version, tag, notes] of [
    [CHANGES, '1.1.0', 'v1.1.0', '### Fixed\n\n- this'],
    [CHANGES, '1.0.0', 'v1.0.0', '- first'],
    [CHANGES, '1.0.0', undefined, '- first'],
    [CHANGES, '1.2.0', undefined, '### Added\n\n- next']
  ] as const)
    t.equal(notesOf(changelog, version, tag), notes, `${version} ${tag}`)
})

t.test('a wrong tag or changelog fails the check', async t => {
  for (const [changelog, version, tag, why] of [
    [CHANGES, '1.1.0', 'v1.0.0', /the tag is v1\.0\.0, .* expected v1\.1\.0/],
    [CHANGES, '1.1.0', '1.1.0', /expected v1\.1\.0/],
    [CHANGES, '1.2.0', 'v1.2.0', /has no section "## \[1\.2\.0\] - YYYY-MM-DD"/],
    [CHANGES.replace(' - 2026-02-28', ''), '1.1.0', 'v1.1.0', /has no section/],
    [EMPTY, '1.1.0', undefined, /no changes for 1\.1\.0/],
    ['## 1.0.0\n\n- first\n', '1.0.0', undefined, /## 1\.0\.0: expected ## \[VERSION\]/]
  ] as const)
    t.throws(() => notesOf(changelog, version, tag), { constructor: CheckFailed, message: why }, String(why))
})

t.test('CHANGELOG.md has the form of Keep a Changelog', async t => {
  const [first, ...others] = sectionsOf(read('CHANGELOG.md'))
  t.equal(first?.version, 'Unreleased')
  for (const { date, version } of others) t.match(date, /^\d{4}-\d{2}-\d{2}$/, version)
  for (const { text, version } of [first, ...others].flatMap(one => one ?? []))
    t.match(text, /^### /, `${version} has kinds of changes`)
  const kinds = ['Added', 'Changed', 'Deprecated', 'Removed', 'Fixed', 'Security']
  for (const [, kind = ''] of read('CHANGELOG.md').matchAll(/^### (.*)$/gm)) t.ok(kinds.includes(kind), kind)
})

const downloads = PLATFORMS.map((platform, at) => ({
  platform,
  url: `https://example.com/${archiveOf(platform)}`,
  sha256: String(at).repeat(64)
}))

t.test('the krew manifest has each platform, in the names of Go', async t => {
  const { spec } = parse(toKrew(manifest, downloads))
  t.match(spec, { version: `v${manifest.version}`, homepage: manifest.homepage })
  t.same(
    spec.platforms.map(({ selector, bin, uri, sha256 }: Record<string, never>) => [selector, bin, uri, sha256]),
    [
      ['linux', 'amd64', 'linux-x64'],
      ['linux', 'arm64', 'linux-arm64'],
      ['darwin', 'amd64', 'darwin-x64'],
      ['darwin', 'arm64', 'darwin-arm64'],
      ['windows', 'amd64', 'windows-x64']
    ].map(([os, arch, name], at) => [
      { matchLabels: { os, arch } },
      os === 'windows' ? 'mesh-guard.exe' : 'mesh-guard',
      `https://example.com/mesh-guard-${manifest.version}-${name}.tar.gz`,
      String(at).repeat(64)
    ])
  )
})

t.test('the formula has macOS and Linux', async t => {
  const formula = toFormula(manifest, downloads)
  t.same(
    [...formula.matchAll(/(on_macos|on_linux|on_arm|on_intel) do|url "(?:[^"]*\/)([^"/]*)"/g)].map(
      ([, block, file]) => block ?? file
    ),
    [
      'on_macos',
      'on_intel',
      'darwin-x64',
      'on_arm',
      'darwin-arm64',
      'on_linux',
      'on_intel',
      'linux-x64',
      'on_arm',
      'linux-arm64'
    ].map(name => (name.startsWith('on_') ? name : `mesh-guard-${manifest.version}-${name}.tar.gz`))
  )
  t.equal(formula.match(/^ *(class|def|test do|on_\w+ do|.*<<~SH)/gm)?.length, 10)
  t.equal(formula.match(/^ *(end|SH)$/gm)?.length, 10, 'each block is closed')
})

t.test('the completion program of the formula completes a command', async t => {
  const [, script = ''] = /<<~SH\n(.*?)\n +SH$/ms.exec(toFormula(manifest, downloads)) ?? []
  const inThisCheckout = script.replace('exec mesh-guard', `exec "${process.execPath}" src/main.ts`)
  t.match(execFileSync('sh', ['-c', inThisCheckout, 'sh', 'aud'], { encoding: 'utf8' }), /^audit\t/)
})

t.test('executables are made for known platforms only', async t => {
  t.match(platformOf('darwin-arm64'), { os: 'darwin', cpu: 'arm64' })
  t.throws(() => platformOf('plan9-x64'), {
    message: /^plan9-x64: no such platform; .* linux-x64, linux-arm64, darwin/
  })
  t.equal(
    platformOf(undefined),
    PLATFORMS.find(({ os, cpu }) => os === process.platform && cpu === process.arch)
  )
  const { optionalDependencies } = JSON.parse(read('tools/executable/package.json'))
  t.same(Object.keys(optionalDependencies).sort(), PLATFORMS.map(({ node }) => node).sort())
  t.equal(new Set(Object.values(optionalDependencies)).size, 1, 'all have one version of Node.js')
})
