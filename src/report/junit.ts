import { nameOf } from '../state/resource.ts'
import { groupBy } from './group.ts'
import type { Report, Reported, Step } from './report.ts'
import { unevaluatedMode } from './report-findings.ts'
import { describeSkippedEntry, findingLines, skipLine, stepLines } from './text.ts'

/** Test case; it fails if `failure` is set, and is skipped if `skipped` is. */
interface TestCase {
  readonly classname: string
  readonly name: string
  readonly file?: string | undefined
  readonly failure?: { readonly message: string; readonly type: string } | undefined
  readonly skipped?: string
  /** Text of the failure, or the output of a case that passes. */
  readonly text?: string
}

/**
 * JUnit output. A test case is a change of `check`, or a rule and an object of `audit`. Only mode `deny` fails one. What is not
 * evaluated is skipped, or fails if the configuration denies it.
 *
 * @param showFix also prints the objects of the fixes
 * @see https://github.com/testmoapp/junitxml JUnit XML, state of 2025
 */
export function toJunit(report: Report, showFix: boolean): string {
  const found =
    report.steps.length > 0 ? report.steps.map(step => toStepCase(step, showFix)) : auditCases(report.findings, showFix)
  const cases = [...found, ...unevaluatedCases(report)]
  const all = cases.length > 0 ? cases : [{ classname: 'mesh-guard', name: 'no finding' }]
  const counts = attributes({
    name: 'mesh-guard',
    tests: `${all.length}`,
    failures: `${all.filter(({ failure }) => failure !== undefined).length}`,
    errors: '0',
    skipped: `${all.filter(({ skipped }) => skipped !== undefined).length}`
  })
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${counts}>`,
    `  <testsuite${counts}>`,
    ...all.map(toElement),
    '  </testsuite>',
    '</testsuites>'
  ].join('\n')
}

function toStepCase(step: Step, showFix: boolean): TestCase {
  const { object, operation, source, decision, findings } = step
  const denying = findings.find(({ mode }) => mode === 'deny')
  const failure = denying === undefined ? NOT_EVALUATED : failureOf(denying)
  return {
    classname: source.file,
    name: `${operation} ${nameOf(object)}`,
    file: source.file,
    failure: decision === 'deny' ? failure : undefined,
    text: stepLines(step, showFix).join('\n')
  }
}

const NOT_EVALUATED = { type: 'unevaluated', message: 'the change is not evaluated, and `unevaluated` is `deny`' }

const failureOf = ({ rule, message }: Reported) => ({ type: rule, message: `${rule}: ${message}` })

function auditCases(findings: readonly Reported[], showFix: boolean): readonly TestCase[] {
  const groups = groupBy(findings, ({ rule, object }) => JSON.stringify([rule, object]))
  return [...groups.values()].map(group => {
    const [{ rule, object, source }] = group
    const denying = group.find(({ mode }) => mode === 'deny')
    return {
      classname: rule,
      name: nameOf(object),
      file: source?.file,
      failure: denying && failureOf(denying),
      text: group.flatMap(one => findingLines(one, '', showFix)).join('\n')
    }
  })
}

function unevaluatedCases(report: Report): readonly TestCase[] {
  const isDenied = unevaluatedMode(report) === 'deny'
  const evaluations = report.notEvaluated.map(one => {
    const [name, reason] = ['not evaluated', skipLine(one)]
    return isDenied
      ? { classname: one.rule, name, failure: { ...NOT_EVALUATED, message: reason } }
      : { classname: one.rule, name, skipped: reason }
  })
  const left = report.skipped.map(one => {
    const [classname, name] = 'rule' in one ? [one.rule, 'exception'] : [one.source.file, nameOf(one.object)]
    return { classname, name, skipped: describeSkippedEntry(one) }
  })
  return [...evaluations, ...left]
}

function toElement({ classname, name, file, failure, skipped, text = '' }: TestCase): string {
  const open = `    <testcase${attributes({ classname, name, file })}>`
  if (failure !== undefined) return `${open}<failure${attributes(failure)}>${escapeXml(text)}</failure></testcase>`
  if (skipped !== undefined) return `${open}<skipped${attributes({ message: skipped })}/></testcase>`
  return `${open}<system-out>${escapeXml(text)}</system-out></testcase>`
}

const attributes = (all: Readonly<Record<string, string | undefined>>) =>
  Object.entries(all)
    .flatMap(([key, value]) => (value === undefined ? [] : ` ${key}="${escapeXml(value).replaceAll('\n', '&#10;')}"`))
    .join('')

/** @see XML 1.0 https://www.w3.org/TR/xml/#charsets: no control characters but tab, line feed and carriage return */
function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, '\u{FFFD}')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
