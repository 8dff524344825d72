import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Command } from 'commander'
import { type FixedStep, fixChanges, movedSteps } from '../engine/fix-changes.ts'
import { hasDenials, toFixJson, toFixManifests, toFixNotices, toFixText } from '../report/fix.ts'
import { editManifests, type Insertion, type ManifestEdit } from '../sources/edit-manifests.ts'
import { filesIn, InvalidInput, readText, STDIN } from '../sources/files.ts'
import type { Manifest } from '../sources/yaml.ts'
import { getKnown, getOrAdd } from '../state/map.ts'
import {
  addChangeOptions,
  addPaths,
  type ChangeOptions,
  changesExitCode,
  contextOf,
  pathsOf,
  readChanges,
  requirePaths
} from './change-options.ts'
import { helpText } from './help.ts'
import type { Io } from './io.ts'
import { print } from './output.ts'

const EXAMPLES = [
  'mesh-guard fix examples/strict-mesh.yaml --against examples/cluster',
  'mesh-guard fix change.yaml -o manifests | kubectl apply -f -',
  'mesh-guard fix overlays/prod --write'
]
const OUTCOMES = {
  ok: 'no corrected manifest is denied',
  found: 'some changes stay denied (--fail-on warn: or have warnings)',
  failed: 'internal error, or the cluster cannot be read'
}

interface FixOptions extends ChangeOptions {
  readonly write?: boolean
}

export function fixCommand(io: Io): Command {
  const command = addPaths(new Command('fix').description('Correct manifests so that none is denied')).option(
    '--write',
    'edit the files in place; comments, order and format of what does not change are kept'
  )
  return addChangeOptions(command)
    .addHelpText('after', helpText(EXAMPLES, OUTCOMES))
    .action(async (paths: readonly string[], options: FixOptions) => {
      const all = pathsOf(paths, options)
      requirePaths(all)
      if (options.write && all.includes(STDIN))
        throw new InvalidInput(['--write: standard input cannot be edited; use a file or a directory'])
      const files = new Map(all.flatMap(filesIn).map(file => [resolve(file), file]))
      const { config, manifests, start } = await readChanges([...files.values()], options, io)
      const steps = fixChanges(start, manifests, contextOf(config))
      if (options.write) for (const file of writeFiles(steps, manifests)) io.err(`${file}: corrected`)
      printSteps(io, options, steps, manifests)
      const decisions = steps.map(({ result }) => result?.decision.decision)
      io.exit(changesExitCode(hasDenials(steps), decisions, options.failOn))
    })
}

type Steps = readonly FixedStep<Manifest>[]

function printSteps(io: Io, options: FixOptions, steps: Steps, manifests: readonly Manifest[]): void {
  if (options.output !== 'manifests') {
    print(
      io,
      options,
      steps,
      () => toFixText(steps, manifests),
      () => toFixJson(steps, manifests)
    )
    return
  }
  for (const notice of toFixNotices(steps)) io.err(notice)
  io.out(toFixManifests(steps))
}

/** Edits the files whose manifests change. @returns their names */
function writeFiles(steps: Steps, manifests: readonly Manifest[]): readonly string[] {
  const changed: string[] = []
  for (const [file, edits] of editsOf(steps, manifests)) {
    writeFileSync(file, editManifests(readText(file), edits))
    changed.push(file)
  }
  return changed
}

/** Edits by file. A document that is new or moves is inserted before the next one that stays. */
export function editsOf(
  steps: Steps,
  manifests: readonly Manifest[]
): ReadonlyMap<string, ReadonlyMap<number, ManifestEdit>> {
  const byFile = Map.groupBy(manifests, ({ source }) => source.file)
  const indexes = new Map([...byFile.values()].flatMap(all => all.map((one, i) => [one, i] as const)))
  const moved = movedSteps(steps, manifests)
  const edits = new Map<string, Map<number, ManifestEdit>>()
  let pending: FixedStep<Manifest>[] = []
  const set = (manifest: Manifest, edit: ManifestEdit) =>
    getOrAdd(edits, manifest.source.file, () => new Map<number, ManifestEdit>()).set(getKnown(indexes, manifest), edit)
  for (const step of steps) {
    const { written, object, deleting } = step
    if (written === undefined || moved.has(step)) {
      if (written !== undefined) set(written, { before: [], object: undefined })
      if (!deleting) pending.push(step)
      continue
    }
    const before = pending.map(({ object, written: from }): Insertion => {
      const isSameFile = from !== undefined && from.source.file === written.source.file
      return isSameFile ? { object, from: getKnown(indexes, from) } : { object }
    })
    pending = []
    if (before.length > 0 || object !== written.object) set(written, { before, object })
  }
  return edits
}
