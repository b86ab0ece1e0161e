import type { Decorate } from '../markdown/drawing'
import type { Code } from './blockFile'

const fences = /^[ >]{0,4}(`{3,}|~{3,})/gm

/** Whether a text ends inside of a fenced code block. */
export const endsInsideABlock = (text: string) => (text.match(fences)?.length ?? 0) % 2 === 1

/** What a button in a code block does; `block` is the number of the block in its message. */
export type CodeTool = { tool: 'copy'; code: string } | { tool: 'propose' | 'choose'; code: Code; button: HTMLElement }

const codeOf = ({ dataset: { language = '', hint = '', block } }: HTMLElement): Code => ({
  language,
  hint,
  block: Number(block),
})

function button(tool: string, label: string): HTMLButtonElement {
  const made = document.createElement('button')
  made.type = 'button'
  made.className = 'code-tool'
  made.dataset.tool = tool
  made.textContent = label
  return made
}

/**
 * Puts a bar with buttons above each code block of a rendered answer. Made here, after all that came from the text was
 * made harmless, so that no text can bring a button of its own. `propose` names the file that a block would be proposed
 * in, null for none, or is null itself where nobody may propose. Of an answer that broke off, `broken`, the last block
 * cannot be: what had not come yet would be taken for what is to go.
 */
export const codeTools = (propose: ((code: Code) => string | null) | null, broken: boolean): Decorate => ({
  to: /<pre /,
  add(fragment) {
    const blocks = [...fragment.querySelectorAll<HTMLElement>('pre[data-block]')]
    for (const code of blocks) {
      const box = document.createElement('div')
      box.className = 'code-block'
      const bar = document.createElement('div')
      bar.className = 'code-bar'
      const language = document.createElement('span')
      language.className = 'code-language'
      language.textContent = code.dataset.language ?? ''
      bar.append(language, button('copy', 'Copy'))
      if (propose !== null && !(broken && code === blocks.at(-1))) {
        const file = propose(codeOf(code))
        const where = bar.appendChild(document.createElement('span'))
        where.className = 'code-where'
        if (file !== null) where.append(button('propose', `Propose in ${file}`))
        const choose = button('choose', file === null ? 'Propose in…' : '▾')
        choose.ariaLabel = 'Propose in another file…'
        choose.ariaHasPopup = 'menu'
        where.append(choose)
      }
      code.replaceWith(box)
      box.append(bar, code)
    }
  },
})

/** What was clicked on, if it is one of these buttons. */
export function clickedTool(target: EventTarget | null): CodeTool | null {
  const clicked = target instanceof Element ? target.closest<HTMLElement>('button[data-tool]') : null
  const code = clicked?.closest('.code-block')?.querySelector<HTMLElement>('pre')
  if (clicked === null || code === null || code === undefined) return null
  const { tool } = clicked.dataset
  if (tool === 'copy') return { tool, code: code.textContent }
  if (tool !== 'propose' && tool !== 'choose') return null
  return { tool, code: codeOf(code), button: clicked }
}
