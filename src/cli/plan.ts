import { Command, Option } from 'commander'
import { plan, type WantedChange } from '../engine/plan.ts'
import { strictMtlsGoal } from '../engine/strict-mtls-goal.ts'
import { type LocatedPlan, locate, toPlanJson, toPlanManifests, toPlanText } from '../report/plan.ts'
import { readRef, readResource } from '../sources/manifest.ts'
import type { Resource } from '../state/resource.ts'
import type { Snapshot } from '../state/snapshot.ts'
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
import { print } from './output.ts'

const EXAMPLES = [
  'mesh-guard plan change/ --against live',
  'mesh-guard plan --goal strict-mtls --against examples/cluster',
  'mesh-guard plan change/ -o manifests > ordered.yaml'
]
const OUTCOMES = {
  ok: 'there is an order in which no change is denied',
  found: 'each order has a denial, or the search gave up (--fail-on warn: or a step has warnings)',
  failed: 'internal error, or the cluster cannot be read'
}

interface PlanOptions extends ChangeOptions {
  readonly goal?: 'strict-mtls'
}

export function planCommand(io: Io): Command {
  const command = addPaths(
    new Command('plan').description(
      'Order changes so that none is denied, with intermediate steps where they are needed'
    )
  ).addOption(
    new Option('--goal <goal>', 'also plan STRICT mTLS, for --namespace or the mesh').choices(['strict-mtls'])
  )
  return addChangeOptions(command)
    .addHelpText('after', helpText(EXAMPLES, OUTCOMES))
    .action(async (paths: readonly string[], options: PlanOptions) => {
      const all = pathsOf(paths, options)
      if (options.goal === undefined) requirePaths(all, '--goal')
      const { config, manifests, start } = await readChanges(all, options, io)
      const written = manifests.flatMap(({ ref, resource, object }) =>
        resource === undefined ? [] : [{ ref, resource, object, deleting: false }]
      )
      const goals = options.goal === undefined ? [] : goalOf(start.state, options.namespace)
      const context = contextOf(config)
      const sources = new Map(manifests.map(one => [one.object, one.source]))
      const planned = plan(start, [...written, ...goals], context)
      const today = goals.flatMap(goal => plan(start, [goal], context, 1).denied)
      printPlan(
        io,
        options,
        locate(planned, today, step => sources.get(step.wanted.object))
      )
      const decisions = planned.steps.map(({ decision }) => decision.decision)
      io.exit(changesExitCode(planned.outcome !== 'planned', decisions, options.failOn))
    })
}

function goalOf(state: Snapshot, namespace: string | undefined): readonly WantedChange[] {
  requireNamespace(state, namespace)
  const object = strictMtlsGoal(state, namespace)
  return [{ ref: readRef(object), resource: readResource(object) as Resource, object, deleting: false }]
}

/** Manifests are printed only if they can be applied. */
function printPlan(io: Io, options: PlanOptions, planned: LocatedPlan): void {
  if (options.output !== 'manifests')
    print(io, options, planned, (all, _, columns) => toPlanText(all, columns), toPlanJson)
  else if (planned.outcome === 'planned') io.out(toPlanManifests(planned))
  else io.err(toPlanText(planned))
}
