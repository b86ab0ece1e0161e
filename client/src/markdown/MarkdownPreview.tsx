import type { EditorView } from '@codemirror/view'
import { type KeyboardEvent, useRef } from 'react'
import type { DocumentSession } from '../document/session'
import type { PreviewMode } from '../document/previewMode'
import { useRole } from '../workspace/context'
import type { Decorate, Drawing } from './drawing'
import { arriveAtAnchor } from './followLink'
import { Markdown } from './Markdown'
import { toggleTask } from './tasks'
import { useScrollTogether } from './useScrollTogether'
import { useSharedTop } from './useSharedTop'
import { useText } from './useText'

interface MarkdownPreviewProps {
  session: DocumentSession
  path: string
  view: EditorView | null
  mode: PreviewMode
}

const tickable: Decorate = {
  to: /role="checkbox"/,
  add(fragment) {
    for (const box of fragment.querySelectorAll<HTMLElement>('[role="checkbox"]')) box.tabIndex = 0
  },
}

/** A text as it will be read, beside the editor or in its place. */
export function MarkdownPreview({ session, path, view, mode }: MarkdownPreviewProps) {
  const text = useText(session.text)
  const { canEdit } = useRole()
  const scroller = useRef<HTMLElement>(null)
  const drawing = useRef<Drawing>(null)
  useScrollTogether(view, scroller, drawing)
  const onDrawn = useSharedTop(session, view, mode === 'preview', scroller, drawing)

  const toggle = (target: EventTarget) => {
    const task = target instanceof Element ? target.closest('[role="checkbox"]') : null
    if (task === null || drawing.current === null || view === null) return false
    toggleTask(task, drawing.current, view)
    return true
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === ' ' && toggle(event.target)) event.preventDefault()
  }
  return (
    <section className="preview" aria-label={`Preview of ${path}`} tabIndex={0} ref={scroller} onKeyDown={onKeyDown}>
      <Markdown
        text={text}
        path={path}
        {...(canEdit && { decorate: tickable })}
        onClick={({ target }) => void toggle(target)}
        onDrawn={(drawn) => {
          drawing.current = drawn
          onDrawn.current?.()
          arriveAtAnchor(drawn.box, path)
        }}
      />
    </section>
  )
}
