import { parse, stringify } from 'yaml'
import type { Named } from '../support/scenarios.ts'
import type { Kubectl } from './kubectl.ts'

/** Cluster that can be reset from one state to the next. */
export interface ResettableCluster {
  /** Replaces the state of the cluster. */
  readonly set: (cluster: readonly Named[]) => Promise<void>
  readonly has: (name: string) => boolean
  /** Records a change by another client; `undefined` for a deletion. */
  readonly changed: (name: string, text: string | undefined) => void
}

export const isNamespace = (name: string) => name.startsWith('Namespace ')
/** Kinds with immutable fields. */
const isFixed = (name: string) => /^(Pod|Service) /.test(name)
/** For owner references without a uid. */
const NO_UID = '00000000-0000-0000-0000-000000000000'

/** Manifest as the API server accepts it: without a uid of its own. */
export function toSent(text: string): string {
  const {
    metadata: { uid: _, ownerReferences = [], ...metadata },
    ...rest
  } = parse(text)
  const owners = ownerReferences.map((owner: object) => ({ uid: NO_UID, ...owner }))
  return stringify({ ...rest, metadata: { ...metadata, ownerReferences: owners } })
}

/** Condition by which the API server calls a webhook for no object. */
const NEVER = [{ name: 'never', expression: 'false' }]

/** Without finalizers and calls to webhooks, because no controllers run. */
function withoutControllers(text: string): string {
  const { metadata, webhooks, ...rest } = parse(toSent(text))
  const uncalled = webhooks?.map((webhook: object) => ({ ...webhook, matchConditions: NEVER }))
  return stringify({ ...rest, metadata: { ...metadata, finalizers: [] }, ...(uncalled && { webhooks: uncalled }) })
}

const bare = (name: string) =>
  stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: name.slice('Namespace '.length) } })

/** @param first existing objects */
export function createResettableCluster(kubectl: Kubectl, first: readonly Named[]): ResettableCluster {
  const present = new Map(first.map(({ name, text }) => [name, text]))
  const run = async (args: readonly string[], names: readonly string[], texts: ReadonlyMap<string, string>) => {
    if (names.length === 0) return
    const { code, err } = await kubectl([...args, '-f', '-'], names.map(name => texts.get(name)).join('---\n'))
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${err}`)
  }
  return {
    has: name => present.has(name),
    changed: (name, text) => {
      if (text === undefined) present.delete(name)
      // A webhook may have changed the object.
      else present.set(name, `# changed\n${text}`)
    },
    set: async cluster => {
      const wanted = new Map(cluster.map(({ name, text }) => [name, withoutControllers(text)]))
      const before = new Map(present)
      // Namespaces are kept, because no namespace controller runs.
      for (const name of before.keys()) if (isNamespace(name) && !wanted.has(name)) wanted.set(name, bare(name))
      present.clear()
      for (const [name, text] of wanted) present.set(name, text)

      const other = [...before.keys()].filter(name => before.get(name) !== wanted.get(name))
      const replaced = other.filter(name => wanted.has(name) && !isFixed(name))
      const gone = other.filter(name => !replaced.includes(name))
      const created = [...wanted.keys()].filter(name => !before.has(name) || gone.includes(name))
      const held = gone.filter(name => before.get(name)?.includes('finalizers:'))
      await run(['replace'], held, new Map(held.map(name => [name, withoutControllers(before.get(name) ?? '')])))
      await run(['delete', '--ignore-not-found', '--grace-period=0', '--force'], gone, before)
      await run(['replace', '--validate=false'], replaced, wanted)
      await run(['create', '--validate=false'], created, wanted)
      const stated = [...replaced, ...created].filter(name => parse(wanted.get(name) ?? '').status !== undefined)
      await run(['replace', '--validate=false', '--subresource=status'], stated, wanted)
    }
  }
}
