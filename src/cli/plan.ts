import { Command, Option } from 'commander'
import { plan, type WantedChange } from '../engine/plan.ts'
import { strictMtlsGoal } from '../engine/strict-mtls-goal.ts'
import { policyAt } from '../engine/to-findings.ts'
import { type LocatedPlan, locate, toPlanJson, toPlanManifests, toPlanText } from '../report/plan.ts'
import { RULES } from '../rules/index.ts'
import { describeSkipped, InvalidInput, readFiles } from '../sources/files.ts'
import { readRef, readResource } from '../sources/manifest.ts'
import type { Resource } from '../state/resource.ts'
import type { Snapshot } from '../state/snapshot.ts'
import { againstOption, requireNamespace, resolveSource } from './cluster-state.ts'
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
  'mesh-guard plan change/ --against live',
  'mesh-guard plan --goal strict-mtls --against examples/cluster',
  'mesh-guard plan change/ -o manifests > ordered.yaml'
]
const OUTCOMES = {
  ok: 'there is an order in which no change is denied',
  found: 'each order has a denial, or the search gave up',
  failed: 'internal error, or the cluster cannot be read'
}

interface PlanOptions extends ClusterFlags, OutputOptions {
  readonly against: string
  readonly config?: string
  readonly rule?: readonly string[]
  readonly goal?: 'strict-mtls'
}

export function planCommand(io: Io): Command {
  return new Command('plan')
    .description('Order changes so that none is denied, with intermediate steps where they are needed')
    .argument('[path...]', 'manifest files or directories with the changes; - reads standard input')
    .addOption(againstOption)
    .addOption(
      new Option('--goal <goal>', 'also plan STRICT mTLS, for --namespace or the mesh').choices(['strict-mtls'])
    )
    .addOption(kubeconfigOption)
    .addOption(contextOption)
    .addOption(namespaceOption)
    .addOption(manifestsOutputOption)
    .addOption(colorOption)
    .addOption(configOption)
    .addOption(ruleOption)
    .addHelpText('after', helpText(EXAMPLES, OUTCOMES))
    .action(async (paths: readonly string[], options: PlanOptions) => {
      if (paths.length === 0 && options.goal === undefined)
        throw new InvalidInput(['PATH: missing argument; use a file, a directory, - for standard input, or --goal'])
      const config = loadConfig(options.config, options.rule)
      const source = await resolveSource(options.against, options)
      const manifests = readFiles(paths, source.namespace)
      const skipped = describeSkipped(manifests)
      if (skipped !== undefined) io.err(skipped)
      const start = await source.open(config, io)
      const written = manifests.flatMap(({ ref, resource, object }) =>
        resource === undefined ? [] : [{ ref, resource, object, deleting: false }]
      )
      const goals = options.goal === undefined ? [] : goalOf(start.state, options.namespace)
      const context = { rules: RULES, policy: policyAt(config, Date.now()), read: readResource, cache: {} }
      const sources = new Map(manifests.map(one => [one.object, one.source]))
      const planned = plan(start, [...written, ...goals], context)
      const today = goals.flatMap(goal => plan(start, [goal], context, 1).denied)
      printPlan(
        io,
        options,
        locate(planned, today, step => sources.get(step.wanted.object))
      )
      io.exit(planned.outcome === 'planned' ? EXIT.ok : EXIT.found)
    })
}

function goalOf(state: Snapshot, namespace: string | undefined): readonly WantedChange[] {
  requireNamespace(state, namespace)
  const object = strictMtlsGoal(state, namespace)
  return [{ ref: readRef(object), resource: readResource(object) as Resource, object, deleting: false }]
}

/** Manifests are printed only if they can be applied. */
function printPlan(io: Io, options: PlanOptions, planned: LocatedPlan): void {
  if (options.output !== 'manifests') print(io, options, planned, toPlanText, toPlanJson)
  else if (planned.outcome === 'planned') io.out(toPlanManifests(planned))
  else io.err(toPlanText(planned))
}
