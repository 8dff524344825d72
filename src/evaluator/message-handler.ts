import type { MessagePort } from 'node:worker_threads'
import type { WrittenPolicy } from '../engine/to-findings.ts'
import type { StateSource } from '../sources/source.ts'
import { messageOf } from '../text/error-message.ts'
import { Evaluation } from './evaluation.ts'
import type { FromEvaluation, Result, Task, ToEvaluation } from './messages.ts'

/** Interval at which the cache state is reported to the main thread, and a changed state is evaluated. */
const REPORT_INTERVAL_MS = 250

export interface MessageHandlerOptions {
  readonly source: StateSource
  readonly policy: WrittenPolicy
  readonly ownNamespace: string | undefined
}

/** Runs the tasks that arrive at a port one by one, until a `close` message. */
export function handleMessages(port: MessagePort, { source, policy, ownNamespace }: MessageHandlerOptions): void {
  const send = (message: FromEvaluation) => port.postMessage(message)
  const onState = (isEvaluated: boolean) => send({ from: 'state', isEvaluated })
  const evaluation = new Evaluation(policy, { source, ownNamespace, onState, log: send })
  const report = () =>
    send({
      from: 'health',
      kinds: source.health(),
      changes: evaluation.changes,
      installation: evaluation.installation,
      sample: evaluation.sample
    })
  report()
  const timer = setInterval(() => {
    report()
    evaluation.prepare()
  }, REPORT_INTERVAL_MS)
  port.on('message', async (message: ToEvaluation) => {
    if (message.to === 'configure') evaluation.configure(message.policy)
    else if (message.to === 'work') send(work(evaluation, message.task))
    else {
      clearInterval(timer)
      await source.close()
      port.close()
    }
  })
}

function work(evaluation: Evaluation, task: Task): FromEvaluation {
  try {
    return { from: 'done', result: run(evaluation, task) }
  } catch (error) {
    return { from: 'failed', reason: messageOf(error) }
  }
}

function run(evaluation: Evaluation, task: Task): Result {
  if (task.task === 'review') return evaluation.review(task.webhook, task.body, task.deadlineMs)
  return task.task === 'audit' ? evaluation.audit() : evaluation.reports(task.api, task.namespace, task.offset)
}
