import type { Change, Snapshot } from '../state/snapshot.ts'
import type { Decision } from './decide.ts'
import type { Finding } from './finding.ts'
import { type Proof, type ProofContext, proveFixes } from './fix-proof.ts'
import { BudgetExceeded } from './incremental/budget.ts'

/**
 * The decision with the fixes of its denials proven, together or else one by one. A fix that does not hold keeps only its
 * text.
 */
export function withProvenFixes(state: Snapshot, change: Change, decision: Decision, context: ProofContext): Decision {
  if (decision.decision !== 'deny') return decision
  const denying = decision.findings.filter(({ mode }) => mode === 'deny')
  const prove = (findings: readonly Finding[]) => {
    const others = denying.filter(one => !findings.includes(one))
    return unlessLate(() => proveFixes(state, change, findings, { ...context, others }))
  }
  const together = prove(denying)
  const proofOf = (finding: Finding) => (together?.is === 'good' || denying.length === 1 ? together : prove([finding]))
  const findings = decision.findings.map(finding =>
    finding.mode === 'deny' ? { ...finding, fix: toOffered(finding.fix, proofOf(finding)) } : finding
  )
  return { ...decision, findings }
}

/** The decision is known: without time for the proof, it is answered with the text of the fix. */
function unlessLate(prove: () => Proof): Proof | undefined {
  try {
    return prove()
  } catch (error) {
    if (error instanceof BudgetExceeded) return undefined
    throw error
  }
}

function toOffered({ text, ...objects }: Finding['fix'], proof: Proof | undefined): Finding['fix'] {
  if (proof?.is === 'good') return { text, ...objects, ...(proof.grants.length > 0 && { grants: proof.grants }) }
  return { text: proof?.is === 'bad' ? `${text}; this is not enough: ${proof.reason}` : text }
}
