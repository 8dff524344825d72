import { Gauge, type Registry } from 'prom-client'
import type { AuditStatus, ControllerStatus } from '../report/controller-status.ts'

export function registerControllerMetrics(registry: Registry, controllerStatus: () => ControllerStatus): void {
  const registers = [registry]
  new Gauge({
    name: 'mesh_guard_certificate_expiry_timestamp_seconds',
    help: 'Expiry of the serving certificate, in seconds since 1970',
    registers,
    collect() {
      this.set(controllerStatus().certificateExpiryMs / 1000)
    }
  })
  new Gauge({
    name: 'mesh_guard_leader_election_master_status',
    help: '1 on the leader, which manages webhook configurations, certificate and reports; 0 on other replicas',
    registers,
    collect() {
      this.set(controllerStatus().leader ? 1 : 0)
    }
  })
  new Gauge({
    name: 'mesh_guard_fail_closed',
    help: 'On the leader: 1 if failurePolicy is Fail for mesh changes, 0 if it is Ignore',
    registers,
    collect() {
      const { failurePolicy } = controllerStatus()
      if (failurePolicy === undefined) this.remove()
      else this.set(failurePolicy === 'Fail' ? 1 : 0)
    }
  })
  registerAuditMetrics(registers, () => controllerStatus().audit)
}

function registerAuditMetrics(registers: Registry[], audit: () => AuditStatus | undefined): void {
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
