import { createHash } from 'node:crypto'
import { SCRIPT, STYLE } from './assets.ts'
import { html, Markup, scriptJson } from './markup.ts'
import { type CauseData, codeParts, type PageData, type Verdict } from './page-data.ts'

export interface Cell {
  readonly text: string
  readonly verdict?: Verdict | undefined
  /** Numbers of causes, which the cell links to. */
  readonly causes?: readonly number[]
}

export interface Row {
  readonly name: string
  /** Position in the data; absent if there are no paths to show. */
  readonly model?: number | undefined
  readonly cells: readonly Cell[]
}

export interface CauseSummary extends CauseData {
  readonly number: number
  readonly inferenceServices: number
}

export interface Matrix {
  readonly title: string
  readonly caption: string
  readonly columns: readonly string[]
  readonly rows: readonly Row[]
}

export interface Page {
  readonly title: string
  readonly summary: string
  readonly matrix: Matrix
  readonly causes: readonly CauseSummary[]
  readonly notes: readonly string[]
  readonly data: PageData
}

/** A file that needs nothing else. Without its script, it shows the table and the causes. */
export function toDocument({ title, summary, matrix, causes, notes, data }: Page): string {
  const policy = [
    "default-src 'none'",
    `script-src '${hashOf(SCRIPT)}'`,
    `style-src '${hashOf(STYLE)}'`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'"
  ].join('; ')
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} - mesh-guard</title>
<link rel="icon" href="data:,">
<style>${new Markup(STYLE)}</style>
</head>
<body>
<header>
<h1>${title}</h1>
<p>${summary}</p>
</header>
<main>
${matrixSection(matrix)}
<section id="model" aria-labelledby="model-name" hidden></section>
${causes.length === 0 ? '' : causesSection(causes)}
${notes.length === 0 ? '' : notesSection(notes)}
</main>
<script type="application/json" id="data">${scriptJson(data)}</script>
<script>${new Markup(SCRIPT)}</script>
</body>
</html>`.text
}

/** Source expression of the Content Security Policy. */
const hashOf = (text: string) => `sha256-${createHash('sha256').update(text).digest('base64')}`

function matrixSection({ title, caption, columns, rows }: Matrix): Markup {
  return html`<section aria-labelledby="matrix-title">
<h2 id="matrix-title">${title}</h2>
<p id="matrix-caption">${caption}</p>
<noscript><p>Diagrams of the request paths need JavaScript.</p></noscript>
<div id="filters" hidden></div>
<div class="scroll" tabindex="0" role="region" aria-label="Table of InferenceServices">
<table aria-describedby="matrix-caption">
<thead><tr>${['InferenceService', ...columns].map(one => html`<th scope="col">${one}</th>`)}</tr></thead>
<tbody id="models">
${rows.map(rowMarkup)}</tbody>
</table>
</div>
</section>`
}

function rowMarkup({ name, model, cells }: Row): Markup {
  return html`<tr${model === undefined ? '' : html` data-model="${model}"`}><th scope="row">${name}</th>${cells.map(cellMarkup)}</tr>
`
}

function cellMarkup({ text, verdict, causes = [] }: Cell): Markup {
  const links = causes.map(one => html` <a href="#cause-${one}">[${one}]</a>`)
  return html`<td>${verdict === undefined ? text : html`<span class="${verdict}">${text}</span>`}${links}</td>`
}

function causesSection(causes: readonly CauseSummary[]): Markup {
  return html`<section aria-labelledby="causes-title">
<h2 id="causes-title">Causes</h2>
${causes.map(causeMarkup)}
</section>`
}

function causeMarkup(cause: CauseSummary): Markup {
  const { number, inferenceServices, rule, at, message, symptom, fix, yaml } = cause
  return html`<article class="cause" id="cause-${number}">
<h3>[${number}] ${rule}</h3>
<p>${message}</p>
<dl>
${term('Object', at)}${term('InferenceServices', `${inferenceServices}`)}${term('Symptom', symptom)}${term('Fix', fix)}</dl>
${yaml === '' ? '' : html`<details><summary>Objects of the fix</summary><pre tabindex="0">${yaml}</pre></details>`}
</article>
`
}

function term(name: string, description: string): Markup {
  if (description === '') return html``
  const parts = codeParts(description).map((part, i) => (i % 2 === 0 ? html`${part}` : html`<code>${part}</code>`))
  return html`<dt>${name}</dt><dd>${parts}</dd>
`
}

function notesSection(notes: readonly string[]): Markup {
  return html`<section aria-labelledby="notes-title">
<h2 id="notes-title">Notes</h2>
<ul>${notes.map(one => html`<li>${one}</li>`)}</ul>
</section>`
}
