type Attributes = Readonly<Record<string, string | number>>
type Children = readonly (Node | string)[]

/** Creates elements of a document. Texts become text nodes, so no text of the data is read as markup. */
export interface Elements {
  readonly html: <K extends keyof HTMLElementTagNameMap>(
    tag: K,
    attributes: Attributes,
    ...children: Children
  ) => HTMLElementTagNameMap[K]
  readonly svg: (tag: string, attributes: Attributes, ...children: Children) => Element
}

export const elementsOf = (document: Document): Elements => ({
  html: (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children),
  svg: (tag, attributes, ...children) =>
    fill(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children)
})

function fill<E extends Element>(element: E, attributes: Attributes, children: Children): E {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value))
  element.append(...children)
  return element
}
