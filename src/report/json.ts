import type { Report, Reported } from './report.ts'

/** The report as JSON; lists that are empty are there all the same. */
export function toJson({ decision, steps, findings, skipped }: Report): string {
  const report = {
    apiVersion: 'mesh-guard.io/v1',
    kind: 'Report',
    decision,
    steps: steps.map(step => ({
      ...step,
      findings: step.findings.map(toFinding),
      existing: step.existing.map(toFinding)
    })),
    findings: findings.map(toFinding),
    skipped
  }
  return JSON.stringify(report, undefined, 2)
}

function toFinding(finding: Reported): object {
  const { text, apply = [], remove = [] } = finding.fix
  return { ...finding, fix: { text, apply, remove } }
}
