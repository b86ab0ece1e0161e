import { yieldEvery } from './slices'

/** UTF-16 code units of a code block that is coloured; one that is longer is seldom read here. */
const longest = 20_000

const slice = yieldEvery(8)
let last: Promise<void> = Promise.resolve()

async function colour(code: HTMLElement, language: string): Promise<void> {
  const text = code.textContent
  const { coloured } = await import('./highlighter')
  const fragment = await coloured(text, language)
  if (fragment !== null && code.textContent === text) code.replaceChildren(fragment)
  await slice()
}

/** Colours the code blocks in an element, one after the other, as soon as the grammars of their languages are there. */
export function addColours(element: HTMLElement): void {
  const blocks = [...element.querySelectorAll<HTMLElement>('pre[data-language] > code')]
  if (element.matches('pre[data-language]') && element.firstElementChild !== null) {
    blocks.push(element.firstElementChild as HTMLElement)
  }
  for (const code of blocks) {
    const language = code.parentElement?.dataset.language ?? ''
    if (language === '' || code.textContent.length > longest) continue
    last = last.then(() => colour(code, language)).catch((error: unknown) => console.warn('No colours', error))
  }
}
