import DOMPurify, { type Config } from 'dompurify'
import type { Block } from './blocks'

/** Addresses of the web and of mail, and whatever names no scheme; others start programs on some machines. */
const noOtherScheme = /^(?:(?:https?|mailto):|[^a-z]|[a-z+.-]+(?:[^a-z+.\-:]|$))/i

const inert = [...['style', 'form', 'input', 'button', 'textarea', 'select', 'audio', 'video', 'picture', 'source']]

// markdown-it escapes all HTML of the text; should it ever fail to, nothing that runs gets past this.
const ofText = {
  RETURN_DOM_FRAGMENT: true,
  USE_PROFILES: { html: true },
  ADD_ATTR: ['target'],
  ALLOWED_URI_REGEXP: noOtherScheme,
  FORBID_TAGS: inert,
  FORBID_ATTR: ['style', 'id', 'name', 'srcset', 'class'],
} satisfies Config

// What KaTeX makes is placed by styles and classes, and names no address.
const ofFormulas = {
  RETURN_DOM_FRAGMENT: true,
  USE_PROFILES: { html: true, svg: true, mathMl: true },
  ADD_TAGS: ['semantics', 'annotation'],
  ADD_ATTR: ['encoding'],
  FORBID_TAGS: [...inert, 'a', 'img', 'image', 'use', 'feImage', 'filter'],
  FORBID_ATTR: ['id', 'name', 'href', 'xlink:href', 'src', 'srcset', 'background'],
} satisfies Config

const purifier = DOMPurify(window)

function only(html: string): DocumentFragment {
  return purifier.sanitize(html, ofText)
}

function putFormulas(element: Element, formulas: readonly string[]): void {
  for (const place of element.querySelectorAll('[data-formula]')) {
    const formula = formulas[Number(place.getAttribute('data-formula'))]
    if (formula !== undefined) place.replaceChildren(purifier.sanitize(formula, ofFormulas))
  }
}

/** One harmless element for each block: nothing in it runs or fetches from elsewhere. */
export function purify(blocks: readonly Block[]): Element[] {
  // All at once, because the page that each is read into costs more than reading it.
  let elements = [...only(blocks.map(({ html }) => html).join('')).children]
  if (elements.length !== blocks.length) {
    elements = blocks.map(({ html }) => {
      const box = document.createElement('div')
      box.append(only(html))
      return box.children.length === 1 && box.firstElementChild !== null ? box.firstElementChild : box
    })
  }
  blocks.forEach(({ formulas }, index) => {
    const element = elements[index]
    if (formulas.length > 0 && element !== undefined) putFormulas(element, formulas)
  })
  return elements
}
