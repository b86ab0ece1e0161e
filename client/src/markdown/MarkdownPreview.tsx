import type { EditorView } from '@codemirror/view'
import { useEffect, useRef, useState } from 'react'
import type { DocumentSession } from '../document/session'
import { Markdown } from './Markdown'
import type { BlockLines } from './patch'
import { useText } from './useText'

interface MarkdownPreviewProps {
  session: DocumentSession
  path: string
  view: EditorView | null
}

/** The line at the top of the editor's window, with the part of it that has scrolled out. */
function topLine(view: EditorView): number {
  const { scrollTop } = view.scrollDOM
  const block = view.lineBlockAtHeight(scrollTop)
  const line = view.state.doc.lineAt(block.from).number - 1
  return line + Math.min(1, Math.max(0, (scrollTop - block.top) / Math.max(1, block.height)))
}

/** Where the preview has to scroll to so that the block of `line` is at its top. */
function offsetOf(line: number, box: HTMLElement, lines: BlockLines): number {
  let before = { line: 0, top: 0 }
  for (const block of box.children) {
    const at = { line: lines.get(block) ?? 0, top: (block as HTMLElement).offsetTop }
    if (at.line > line) {
      const part = (line - before.line) / Math.max(1, at.line - before.line)
      return before.top + part * (at.top - before.top)
    }
    before = at
  }
  return before.top
}

export function MarkdownPreview({ session, path, view }: MarkdownPreviewProps) {
  const text = useText(session.text)
  const scroller = useRef<HTMLElement>(null)
  const box = useRef<HTMLDivElement>(null)
  const [lines] = useState<BlockLines>(() => new WeakMap())

  useEffect(() => {
    if (view === null) return undefined
    const follow = () => {
      if (scroller.current === null || box.current === null) return
      const top = topLine(view)
      scroller.current.scrollTop = top < 1 ? 0 : offsetOf(top, box.current, lines)
    }
    view.scrollDOM.addEventListener('scroll', follow, { passive: true })
    return () => view.scrollDOM.removeEventListener('scroll', follow)
  }, [view, lines])

  return (
    <section className="preview" aria-label={`Preview of ${path}`} tabIndex={0} ref={scroller}>
      <Markdown text={text} path={path} lines={lines} ref={box} />
    </section>
  )
}
