/** Versions and notes of a release. */
import { parse } from 'yaml'
import { CheckFailed, type Manifest, must, read } from './lib.ts'

export const CHART = 'charts/kserve-mesh-guard'
const UNRELEASED = 'Unreleased'

/** A section of CHANGELOG.md: `## [1.2.3] - 2026-01-31` and the lines up to the next one. */
interface Section {
  readonly version: string
  readonly date: string | undefined
  readonly text: string
}

/** @see https://keepachangelog.com/en/1.1.0/ */
export function sectionsOf(changelog: string): readonly Section[] {
  const [, ...parts] = changelog.replace(/^\[[^\]]+\]: .*\n/gm, '').split(/^## /m)
  return parts.map(part => {
    const [heading = '', ...lines] = part.split('\n')
    const [, version, date] = /^\[([^\]]+)\](?: - (\d{4}-\d{2}-\d{2}))?$/.exec(heading) ?? []
    if (version === undefined) throw new CheckFailed(`CHANGELOG.md: ## ${heading}: expected ## [VERSION] - YYYY-MM-DD`)
    return { version, date, text: lines.join('\n').trim() }
  })
}

/**
 * Notes of the version. Before its release they are those of the section `Unreleased`.
 *
 * @param tag of the release, if it is being made: then the section of its version has to exist, with a date
 */
export function notesOf(changelog: string, version: string, tag?: string): string {
  const sections = sectionsOf(changelog)
  const released = sections.find(one => one.version === version && one.date !== undefined)
  if (tag !== undefined) {
    must(tag === `v${version}`, `the tag is ${tag}, but package.json has version ${version}; expected v${version}`)
    must(released !== undefined, `CHANGELOG.md has no section "## [${version}] - YYYY-MM-DD"; rename Unreleased`)
  }
  const section = released ?? sections.find(one => one.version === UNRELEASED)
  must(section !== undefined && section.text !== '', `CHANGELOG.md has no changes for ${version}`)
  return section.text
}

export function checkVersions({ version }: Manifest): void {
  const chart = parse(read(`${CHART}/Chart.yaml`))
  for (const [where, found] of [
    ['version of Chart.yaml', chart.version],
    ['appVersion of Chart.yaml', chart.appVersion]
  ] as const) {
    must(found === version, `${where} is ${found}, but package.json has ${version}; set both to the same version`)
  }
}
