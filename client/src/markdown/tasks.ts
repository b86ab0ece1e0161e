import type { EditorView } from '@codemirror/view'
import type { Drawing } from './drawing'

const item = /^((?:[ \t>]|[-*+][ \t]|\d{1,9}[.)][ \t])*(?:[-*+]|\d{1,9}[.)])[ \t]+\[)([ xX])\]/

/** Where the mark in the box of a list's item is in its line, and which it is; null for any other line. */
export function taskMark(line: string): { at: number; mark: string } | null {
  const [, before, mark] = item.exec(line) ?? []
  return before === undefined || mark === undefined ? null : { at: before.length, mark }
}

/** The line of the text, counted from 0, that an element of the preview came from. */
function lineOf(element: Element, { shown }: Drawing): number | null {
  const block = shown.find((one) => one.element.contains(element))
  if (block === undefined) return null
  const nested = element.closest<HTMLElement>('[data-offset]')
  const offset = nested !== null && block.element.contains(nested) ? Number(nested.dataset.offset) : 0
  return block.line + offset
}

/** Ticks the box of a task in the text, or unticks it, unless somebody has just changed its line. */
export function toggleTask(box: Element, drawing: Drawing, view: EditorView): void {
  const line = lineOf(box, drawing)
  if (view.state.readOnly || line === null || line >= view.state.doc.lines) return
  const { from, text } = view.state.doc.line(line + 1)
  const found = taskMark(text)
  const isDone = box.ariaChecked === 'true'
  if (found === null || (found.mark !== ' ') !== isDone) return
  const at = from + found.at
  view.dispatch({ changes: { from: at, to: at + 1, insert: isDone ? ' ' : 'x' }, userEvent: 'input' })
}
