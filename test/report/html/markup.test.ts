import t from 'tap'
import { html, scriptJson } from '../../../src/report/html/markup.ts'
import { staticPage } from './document.ts'

/** Names that are markup, or no valid text. */
const HOSTILE: readonly (readonly [given: string, shown?: string])[] = [
  ['<script>alert(1)</script>'],
  ['"><img src=x onerror=alert(1)>'],
  ["' onclick='alert(1)"],
  ['&lt;b&gt; &amp; &#60;'],
  ['</title></style></script><!--'],
  ['a\ud800b', 'a\ufffdb'],
  ['\udc00', '\ufffd'],
  ['a\0b', 'a\ufffdb'],
  ['\ud83d\ude00 emoji']
]

t.test('a text is shown as it is, as content and in an attribute', async t => {
  for (const [given, shown = given] of HOSTILE) {
    const document = staticPage(html`<body><p title="${given}">${given}</p></body>`.text)
    const [p, ...others] = document.body.children
    t.same(others, [], given)
    t.same(p?.children.length, 0, given)
    t.equal(p?.textContent, shown)
    t.equal(p?.getAttribute('title'), shown)
    t.same(p?.getAttributeNames(), ['title'])
  }
})

t.test('a script element has the JSON of any value', async t => {
  for (const [given] of HOSTILE) {
    const document = staticPage(
      html`<body><script type="application/json">${scriptJson({ given })}</script></body>`.text
    )
    t.equal(document.body.children.length, 1, given)
    t.same(JSON.parse(document.querySelector('script')?.textContent ?? ''), { given })
  }
})

t.test('markup is inserted without changes, numbers as text', async t => {
  const items = ['a', '<'].map(one => html`<li>${one}</li>`)
  t.equal(html`<ol start="${3}">${items}</ol>${html``}`.text, '<ol start="3"><li>a</li><li>&lt;</li></ol>')
})
