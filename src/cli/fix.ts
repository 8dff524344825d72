import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Command } from 'commander'
import { type FixedStep, fixChanges, movedSteps } from '../engine/fix-changes.ts'
import { policyAt } from '../engine/to-findings.ts'
import { hasDenials, toFixJson, toFixManifests, toFixNotices, toFixText } from '../report/fix.ts'
import { RULES } from '../rules/index.ts'
import { editManifests, type Insertion, type ManifestEdit } from '../sources/edit-manifests.ts'
import { describeSkipped, filesIn, InvalidInput, readFiles, readText, STDIN } from '../sources/files.ts'
import { readResource } from '../sources/manifest.ts'
import type { Manifest } from '../sources/yaml.ts'
import { getKnown, getOrAdd } from '../state/map.ts'
import { filenameOption } from './check.ts'
import { againstOption, resolveSource } from './cluster-state.ts'
import {
  type ClusterFlags,
  configOption,
  contextOption,
  EXIT,
  kubeconfigOption,
  loadConfig,
  namespaceOption,
  ruleOption
} from './command.ts'
import { helpText } from './help.ts'
import type { Io } from './io.ts'
import { colorOption, manifestsOutputOption, type OutputOptions, print } from './output.ts'

const EXAMPLES = [
  'mesh-guard fix change.yaml --against examples/cluster',
  'mesh-guard fix change.yaml -o manifests | kubectl apply -f -',
  'mesh-guard fix overlays/prod --write'
]
const OUTCOMES = {
  ok: 'no corrected manifest is denied',
  found: 'some changes stay denied',
  failed: 'internal error, or the cluster cannot be read'
}

interface FixOptions extends ClusterFlags, OutputOptions {
  readonly against: string
  readonly config?: string
  readonly rule?: readonly string[]
  readonly filename?: readonly string[]
  readonly write?: boolean
}

export function fixCommand(io: Io): Command {
  const command = new Command('fix')
    .description('Correct manifests so that none is denied')
    .argument('[path...]', 'manifest files or directories, applied in this order; - reads standard input')
    .addOption(filenameOption)
    .addOption(againstOption)
    .option('--write', 'edit the files in place; comments, order and format of what does not change are kept')
  const options = [kubeconfigOption, contextOption, namespaceOption, manifestsOutputOption, colorOption, configOption]
  for (const option of [...options, ruleOption]) command.addOption(option)
  return command
    .addHelpText('after', helpText(EXAMPLES, OUTCOMES))
    .action(async (paths: readonly string[], options: FixOptions) => {
      const all = [...paths, ...(options.filename ?? [])]
      if (all.length === 0)
        throw new InvalidInput(['PATH: missing argument; use a file, a directory, or - for standard input'])
      if (options.write && all.includes(STDIN))
        throw new InvalidInput(['--write: standard input cannot be edited; use a file or a directory'])
      const config = loadConfig(options.config, options.rule)
      const source = await resolveSource(options.against, options)
      const files = new Map(all.flatMap(filesIn).map(file => [resolve(file), file]))
      const manifests = readFiles([...files.values()], source.namespace)
      const skipped = describeSkipped(manifests)
      if (skipped !== undefined) io.err(skipped)
      const start = await source.open(config, io)
      const context = { rules: RULES, policy: policyAt(config, Date.now()), read: readResource, cache: {} }
      const steps = fixChanges(start, manifests, context)
      if (options.write) for (const file of writeFiles(steps, manifests)) io.err(`${file}: corrected`)
      printSteps(io, options, steps, manifests)
      io.exit(hasDenials(steps) ? EXIT.found : EXIT.ok)
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
