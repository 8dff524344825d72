import { Command, Option } from 'commander'
import { GOALS, goalFor, withGoalModes } from '../engine/goal.ts'
import { plan } from '../engine/plan.ts'
import type { WantedChange } from '../engine/wanted-change.ts'
import { type LocatedPlan, locate, toPlanJson, toPlanManifests, toPlanText } from '../report/plan.ts'
import type { Manifest } from '../rules/lib/rule.ts'
import { InvalidInput } from '../sources/files.ts'
import { readRef, readResource } from '../sources/manifest.ts'
import type { Resource } from '../state/resource.ts'
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
import { requireNamespace } from './cluster-state.ts'
import { helpText } from './help.ts'
import type { Io } from './io.ts'
import { type OutputOptions, print } from './output.ts'

const EXAMPLES = [
  'mesh-guard plan change/ --against live',
  'mesh-guard plan --goal strict-mtls --against examples/cluster',
  'mesh-guard plan --goal ambient -n user1 --against examples/cluster',
  'mesh-guard plan change/ -o manifests > ordered.yaml'
]
const OUTCOMES = {
  ok: 'there is an order in which no change is denied',
  found: 'each order has a denial, or the search gave up (--fail-on warn: or a step has warnings)',
  failed: 'internal error, or the cluster cannot be read'
}

interface PlanOptions extends Omit<ChangeOptions, 'namespace'> {
  readonly goal?: (typeof GOALS)[number]
  readonly namespace?: readonly string[]
}

const namespacesOption = new Option(
  '-n, --namespace <name>',
  'namespace of the goal, repeatable; the first is for names given without one (default: that of the current context)'
).argParser((value: string, previous: readonly string[] = []) => [...previous, value])

export function planCommand(io: Io): Command {
  const command = addPaths(
    new Command('plan').description(
      'Order changes so that none is denied, with intermediate steps where they are needed'
    )
  ).addOption(
    new Option(
      '--goal <goal>',
      'also plan STRICT mTLS, for --namespace or the mesh, or ambient mode for --namespace'
    ).choices(GOALS)
  )
  return addChangeOptions(command, namespacesOption)
    .addHelpText('after', helpText(EXAMPLES, OUTCOMES))
    .action(async (paths: readonly string[], { namespace: namespaces = [], ...options }: PlanOptions) => {
      const all = pathsOf(paths, options)
      if (options.goal === undefined) requirePaths(all, '--goal')
      if (options.goal === 'ambient' && namespaces.length === 0)
        throw new InvalidInput(['--goal ambient requires --namespace'])
      const [first] = namespaces
      const flags = first === undefined ? options : { ...options, namespace: first }
      const { config, manifests, start } = await readChanges(all, flags, io)
      const written = manifests.flatMap(({ ref, resource, object }) =>
        resource === undefined ? [] : [{ ref, resource, object, deleting: false }]
      )
      if (options.goal !== undefined) for (const one of namespaces) requireNamespace(start.state, one)
      const { changes, modes, unconfirmed, ...goal } = goalFor(options.goal, start.state, namespaces, toChange)
      const { policy, ...others } = contextOf(config)
      const context = { ...others, ...goal, policy: withGoalModes(policy, modes) }
      const sources = new Map(manifests.map(one => [one.object, one.source]))
      const planned = plan(start, [...written, ...changes], context)
      const denied = new Set(planned.denied.map(({ wanted }) => wanted))
      const applied = changes.filter(one => one.restarts === undefined && !denied.has(one))
      const today = applied.flatMap(one => plan(start, [one], context, 1).denied)
      printPlan(
        io,
        options,
        locate(planned, today, step => sources.get(step.wanted.object), unconfirmed)
      )
      const decisions = planned.steps.map(({ decision }) => decision.decision)
      io.exit(changesExitCode(planned.outcome !== 'planned', decisions, options.failOn))
    })
}

function toChange(object: Manifest): WantedChange {
  return { ref: readRef(object), resource: readResource(object) as Resource, object, deleting: false }
}

/** Manifests are printed only if they can be applied. */
function printPlan(io: Io, options: OutputOptions, planned: LocatedPlan): void {
  if (options.output !== 'manifests')
    print(io, options, planned, (all, _, columns) => toPlanText(all, columns), toPlanJson)
  else if (planned.outcome === 'planned') io.out(toPlanManifests(planned))
  else io.err(toPlanText(planned))
}
