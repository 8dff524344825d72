import { Counter, Gauge, type Registry } from 'prom-client'
import type { Exceptions, Suppression } from '../engine/exceptions.ts'

/**
 * Registers the number of exceptions and the uses of each; an exception that stays at 0 is not needed.
 *
 * @returns a function that counts the exceptions that a decision used
 */
export function registerExceptionMetrics(
  registry: Registry,
  exceptions: () => Exceptions
): (suppressed: readonly Pick<Suppression, 'rule' | 'exception'>[]) => void {
  const registers = [registry]
  new Gauge({
    name: 'mesh_guard_exceptions',
    help: 'Exceptions in the configuration, by state: active or expired',
    labelNames: ['state'],
    registers,
    collect() {
      const { active, expired } = exceptions()
      this.set({ state: 'active' }, active.length)
      this.set({ state: 'expired' }, expired.length)
    }
  })
  const uses = new Counter({
    name: 'mesh_guard_exception_uses_total',
    help: 'Findings suppressed by an exception, by exception',
    labelNames: ['rule', 'owner', 'expires'],
    registers,
    collect() {
      for (const { rule, owner, expires } of exceptions().active) this.inc({ rule, owner, expires }, 0)
    }
  })
  return suppressed => {
    for (const { rule, exception } of suppressed) {
      uses.inc({ rule, owner: exception.owner, expires: exception.expires })
    }
  }
}
