import { MessageChannel } from 'node:worker_threads'
import { pino } from 'pino'
import { DEFAULT_POLICY, type WrittenPolicy } from '../../src/engine/to-findings.ts'
import { Dispatcher } from '../../src/evaluator/dispatcher.ts'
import type { Evaluator } from '../../src/evaluator/evaluator.ts'
import { handleMessages } from '../../src/evaluator/message-handler.ts'
import type { FromEvaluation } from '../../src/evaluator/messages.ts'
import type { SupervisorOptions } from '../../src/evaluator/supervisor.ts'
import type { StateSource } from '../../src/sources/source.ts'

export const WRITTEN_POLICY: WrittenPolicy = { ...DEFAULT_POLICY, exceptions: [] }

/** Evaluates in the thread of the test. */
export function startInThisThread(source: StateSource, ownNamespace?: string): SupervisorOptions['start'] {
  return (policy, receive) => {
    const { port1, port2 } = new MessageChannel()
    const exited = Promise.withResolvers<string>()
    port1.on('message', (message: FromEvaluation) => receive(message))
    port1.on('close', () => exited.resolve('closed'))
    handleMessages(port2, { source, policy, ownNamespace })
    return { post: message => port1.postMessage(message), exited: exited.promise, terminate: () => port1.close() }
  }
}

/** Starts an evaluator in this thread and waits until it is ready. */
export async function evaluatorOf(
  source: StateSource,
  policy: () => WrittenPolicy = () => WRITTEN_POLICY,
  ownNamespace?: string
): Promise<Dispatcher> {
  const start = startInThisThread(source, ownNamespace)
  const evaluator = new Dispatcher({ start, policy, log: pino({ level: 'silent' }) })
  await evaluator.ready
  return evaluator
}

/** Evaluator of a source, without timeouts and restarts, for tests that only read its health. */
export const healthOnly = ({
  health
}: Pick<StateSource, 'health'>): Pick<Evaluator, 'health' | 'failures' | 'installation'> => ({
  health,
  installation: () => [],
  failures: () => ({ timeouts: 0, restarts: 0, sample: { compared: 0, disagreements: 0 } })
})
