import type { EditorView } from '@codemirror/view'
import { type RefObject, useEffect } from 'react'
import type { Drawing } from './drawing'
import { lineAtTop, type Mark, topOfLine } from './scrollMap'

/** Milliseconds within which what one side does is the echo of what it was told, not the reader's will. */
const echo = 150

/** The line at the top of the editor's window, with the part of it that has scrolled out. */
function topLine(view: EditorView): number {
  const { scrollTop } = view.scrollDOM
  const block = view.lineBlockAtHeight(scrollTop)
  const line = view.state.doc.lineAt(block.from).number - 1
  return line + Math.min(1, Math.max(0, (scrollTop - block.top) / Math.max(1, block.height)))
}

function scrollToLine(view: EditorView, line: number): void {
  const { doc } = view.state
  const whole = Math.min(doc.lines - 1, Math.floor(line))
  const block = view.lineBlockAt(doc.line(whole + 1).from)
  view.scrollDOM.scrollTop = block.top + (line - whole) * block.height
}

/** The blocks of the preview, and within the one that is `at` that line also what is nested in it. */
function marksOf(drawing: Drawing, scroller: HTMLElement, within: (block: Mark, next: Mark) => boolean): Mark[] {
  const zero = scroller.getBoundingClientRect().top - scroller.scrollTop
  const topOf = (element: Element) => element.getBoundingClientRect().top - zero
  const marks: Mark[] = []
  const blocks = drawing.shown.filter(({ element }) => !element.hasAttribute('data-footnotes'))
  const tops = blocks.map(({ element, line }) => ({ line, top: topOf(element) }))
  blocks.forEach(({ element, line }, index) => {
    const mark = tops[index]
    if (mark === undefined) return
    marks.push(mark)
    if (!within(mark, tops[index + 1] ?? { line: Infinity, top: Infinity })) return
    for (const nested of element.querySelectorAll<HTMLElement>('[data-offset]')) {
      marks.push({ line: line + Number(nested.dataset.offset), top: topOf(nested) })
    }
  })
  return marks
}

/** The line at the top of the preview's window, with the part of it that has scrolled out. */
export function previewLine(drawing: Drawing, preview: HTMLElement): number {
  const { scrollTop } = preview
  const first = marksOf(drawing, preview, () => false)[0]?.top ?? 0
  const at = scrollTop + first
  const marks = marksOf(drawing, preview, (block, next) => block.top <= at && at < next.top)
  return scrollTop < 1 ? 0 : lineAtTop(marks, at)
}

/** Where the preview is scrolled to with this line at its top. */
export function previewTop(drawing: Drawing, preview: HTMLElement, line: number): number {
  const marks = marksOf(drawing, preview, (block, next) => block.line <= line && line < next.line)
  return line < 1 && Number.isInteger(line) ? 0 : topOfLine(marks, line) - (marks[0]?.top ?? 0)
}

/** Keeps the same lines at the top of the text and of its preview, whichever of them is scrolled. */
export function useScrollTogether(
  view: EditorView | null,
  scroller: RefObject<HTMLElement | null>,
  drawing: RefObject<Drawing | null>,
): void {
  useEffect(() => {
    const preview = scroller.current
    if (view === null || preview === null) return undefined
    const text = view.scrollDOM
    const told = { text: -Infinity, preview: -Infinity }

    const fromText = () => {
      const now = performance.now()
      if (drawing.current === null || now - told.text < echo || text.clientHeight === 0) return
      told.preview = now
      const line = topLine(view)
      preview.scrollTop = line < 1 ? 0 : previewTop(drawing.current, preview, line)
    }
    const fromPreview = () => {
      const now = performance.now()
      if (drawing.current === null || now - told.preview < echo || text.clientHeight === 0) return
      told.text = now
      if (preview.scrollTop < 1) text.scrollTop = 0
      else scrollToLine(view, previewLine(drawing.current, preview))
    }
    // Whoever takes hold of a side means it, however short ago it was told to go somewhere.
    const takeText = () => (told.text = -Infinity)
    const takePreview = () => (told.preview = -Infinity)
    const holds = ['wheel', 'pointerdown', 'keydown', 'touchmove'] as const
    text.addEventListener('scroll', fromText, { passive: true })
    preview.addEventListener('scroll', fromPreview, { passive: true })
    for (const kind of holds) {
      text.addEventListener(kind, takeText, { passive: true })
      preview.addEventListener(kind, takePreview, { passive: true })
    }
    return () => {
      text.removeEventListener('scroll', fromText)
      preview.removeEventListener('scroll', fromPreview)
      for (const kind of holds) {
        text.removeEventListener(kind, takeText)
        preview.removeEventListener(kind, takePreview)
      }
    }
  }, [view, scroller, drawing])
}
