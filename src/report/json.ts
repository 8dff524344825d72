import type { Report, Reported } from './report.ts'

/** JSON output of `check` and `audit`; empty lists are included. */
export function toJson({ decision, steps, findings, notEvaluated, skipped, installation }: Report): string {
  const report = {
    apiVersion: 'mesh-guard.io/v1',
    kind: 'CheckReport',
    decision,
    steps: steps.map(step => ({
      ...step,
      findings: step.findings.map(toFinding),
      existing: step.existing.map(toFinding)
    })),
    findings: findings.map(toFinding),
    notEvaluated,
    skipped,
    installation
  }
  return JSON.stringify(report, undefined, 2)
}

function toFinding(finding: Reported): object {
  const { text, apply = [], remove = [], grants = [] } = finding.fix
  return { ...finding, fix: { text, apply, remove, grants } }
}
