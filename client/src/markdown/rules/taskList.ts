import type { MarkdownIt } from 'markdown-it'

const box = /^\[([ xX])\][ \t]+/

/** Makes a box of `[ ]` and `[x]` at the beginning of an item; the renderer's rule `task` has to show it. */
export function taskListRules(markdown: MarkdownIt): void {
  markdown.core.ruler.after('inline', 'task lists', ({ tokens, Token }) => {
    tokens.forEach((token, index) => {
      const first = token.children?.[0]
      if (token.type !== 'inline' || first === undefined || tokens[index - 1]?.type !== 'paragraph_open') return
      const item = tokens[index - 2]
      const [found, mark] = (first.type === 'text' ? box.exec(first.content) : null) ?? []
      if (item?.type !== 'list_item_open' || found === undefined) return
      first.content = first.content.slice(found.length)
      item.attrSet('data-task', '')
      const task = new Token('task', '', 0)
      task.meta = { isDone: mark !== ' ', words: token.content.slice(found.length).slice(0, 80) }
      token.children?.unshift(task)
    })
  })
}
