import { Gauge, type Registry } from 'prom-client'

/** What is kept in the cluster for the webhook, as those who keep it tell it. */
export interface Upkeep {
  /** Expiry of the serving certificate, in seconds since 1970, in milliseconds since 1970. */
  readonly certificateUntilMs: number
  readonly leader: boolean
  /** What becomes of a change when nobody answers; known to the leader alone. */
  readonly failurePolicy: 'Fail' | 'Ignore' | undefined
  /** What the last audit has found, and when; known to the leader alone. */
  readonly audit: AuditResult | undefined
  /** A line each for people. */
  readonly lines: readonly string[]
}

export interface AuditResult {
  /** When one last came to its end, in milliseconds since 1970. */
  readonly lastSuccessMs: number | undefined
  readonly findings: readonly { readonly rule: string; readonly mode: string; readonly count: number }[]
}

export function measureUpkeep(registry: Registry, upkeep: () => Upkeep): void {
  const registers = [registry]
  new Gauge({
    name: 'mesh_guard_certificate_expiry_timestamp_seconds',
    help: 'Expiry of the serving certificate, in seconds since 1970',
    registers,
    collect() {
      this.set(upkeep().certificateUntilMs / 1000)
    }
  })
  new Gauge({
    name: 'mesh_guard_leader_election_master_status',
    help: '1 on the leader, which manages webhook configurations, certificate and reports; 0 on other replicas',
    registers,
    collect() {
      this.set(upkeep().leader ? 1 : 0)
    }
  })
  new Gauge({
    name: 'mesh_guard_fail_closed',
    help: 'On the leader: 1 if failurePolicy is Fail for mesh changes, 0 if it is Ignore',
    registers,
    collect() {
      const { failurePolicy } = upkeep()
      if (failurePolicy === undefined) this.remove()
      else this.set(failurePolicy === 'Fail' ? 1 : 0)
    }
  })
  measureAudit(registers, () => upkeep().audit)
}

function measureAudit(registers: Registry[], audit: () => AuditResult | undefined): void {
  new Gauge({
    name: 'mesh_guard_audit_last_success_timestamp_seconds',
    help: 'On the leader: end of the last successful audit, with its reports written, in seconds since 1970',
    registers,
    collect() {
      const lastSuccessMs = audit()?.lastSuccessMs
      if (lastSuccessMs === undefined) this.remove()
      else this.set(lastSuccessMs / 1000)
    }
  })
  new Gauge({
    name: 'mesh_guard_audit_findings',
    help: 'On the leader: findings of the last audit, by rule and mode',
    labelNames: ['rule', 'mode'],
    registers,
    collect() {
      this.reset()
      for (const { rule, mode, count } of audit()?.findings ?? []) this.inc({ rule, mode }, count)
    }
  })
}
