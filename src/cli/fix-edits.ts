import { keyOf } from '../engine/admission-step.ts'
import type { Finding } from '../engine/finding.ts'
import { mergeFix } from '../engine/merge-fix.ts'
import type { Source } from '../report/report.ts'
import type { FileEdit } from '../report/sarif.ts'
import { editManifests, type ManifestEdit } from '../sources/edit-manifests.ts'
import { readText } from '../sources/files.ts'
import { readRef } from '../sources/manifest.ts'
import type { Manifest } from '../sources/yaml.ts'
import { getKnown } from '../state/map.ts'

/** Each edit reads its whole file, so a large file with many findings would take minutes. */
const MAX_CHARACTERS = 10_000_000

type Edits = Map<Manifest, ManifestEdit>

/** Manifests of the commands, and where they are in their files. */
interface Files {
  readonly byKey: ReadonlyMap<string, Manifest>
  readonly byFile: ReadonlyMap<string, readonly Manifest[]>
}

/**
 * Edits files so that they have the objects of a fix: manifests that define one are changed, and the others are inserted before the
 * manifest at fault. There is no edit if a file cannot be read again, such as standard input, or if the fix removes an object that
 * no file has.
 */
export function fixEditor(
  manifests: readonly Manifest[],
  maxCharacters = MAX_CHARACTERS
): (fix: Finding['fix'], source: Source | undefined) => readonly FileEdit[] {
  const files: Files = {
    byKey: new Map(manifests.map(manifest => [keyOf(manifest.ref), manifest])),
    byFile: Map.groupBy(manifests, one => one.source.file)
  }
  let left = maxCharacters
  return (fix, source) => {
    const byFile = Map.groupBy(editsOf(fix, source, files), ([{ source }]) => source.file)
    if (byFile.has('<stdin>')) return []
    return [...byFile].flatMap(([file, edits]) => {
      const before = readText(file)
      left -= before.length
      if (left < 0) return []
      const indexes = new Map(getKnown(files.byFile, file).map((one, i) => [one, i]))
      return {
        file,
        before,
        after: editManifests(before, new Map(edits.map(([one, edit]) => [getKnown(indexes, one), edit])))
      }
    })
  }
}

function editsOf({ apply = [], remove = [] }: Finding['fix'], source: Source | undefined, files: Files): Edits {
  const edits: Edits = new Map()
  const editOf = (manifest: Manifest) => edits.get(manifest) ?? { before: [], object: manifest.object }
  const atFault = source && files.byFile.get(source.file)?.findLast(one => one.source.line <= source.line)
  for (const ref of remove) {
    const manifest = files.byKey.get(keyOf(ref))
    if (manifest === undefined) return new Map()
    edits.set(manifest, { ...editOf(manifest), object: undefined })
  }
  for (const object of apply) {
    const manifest = files.byKey.get(keyOf(readRef(object)))
    if (manifest !== undefined)
      edits.set(manifest, { ...editOf(manifest), object: mergeFix(manifest.object, object, manifest.object) })
    else if (atFault === undefined) return new Map()
    else edits.set(atFault, { ...editOf(atFault), before: [...editOf(atFault).before, { object }] })
  }
  return edits
}
