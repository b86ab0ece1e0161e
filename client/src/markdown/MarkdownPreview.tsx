import type { EditorView } from '@codemirror/view'
import { type KeyboardEvent, useRef } from 'react'
import type { DocumentSession } from '../document/session'
import type { PreviewMode } from '../document/previewMode'
import { keysOf, writtenKey } from '../actions/catalogue'
import { useActions } from '../actions/useActions'
import { isPressed } from '../lib/keys'
import { tell } from '../ui/toasts'
import { useHalf, useRole } from '../workspace/context'
import type { Decorate, Drawing } from './drawing'
import { arriveAtAnchor } from './followLink'
import { Markdown } from './Markdown'
import { toggleTask } from './tasks'
import { usePreviewArrival } from './usePreviewArrival'
import { useScrollTogether } from './useScrollTogether'
import { useCommenting } from './useCommenting'
import { useSharedTop } from './useSharedTop'
import { useText } from './useText'

interface MarkdownPreviewProps {
  session: DocumentSession
  path: string
  view: EditorView | null
  mode: PreviewMode
}

const ticking: Decorate = {
  to: /role="checkbox"/,
  add(fragment) {
    for (const box of fragment.querySelectorAll<HTMLElement>('[role="checkbox"]')) box.tabIndex = 0
  },
}

const tickable = [ticking]

/** A text as it will be read, beside the editor or in its place. */
export default function MarkdownPreview({ session, path, view, mode }: MarkdownPreviewProps) {
  const text = useText(session.text)
  const { canEdit } = useRole()
  const { focused } = useHalf()
  const scroller = useRef<HTMLElement>(null)
  const drawing = useRef<Drawing>(null)
  useScrollTogether(view, scroller, drawing)
  const onDrawn = useSharedTop(session, view, mode === 'preview', scroller, drawing)

  const commenting = useCommenting(session, view, scroller, drawing)
  const { selected } = commenting
  const arrive = usePreviewArrival(session.document, mode === 'preview' && focused, scroller, drawing)

  const toggle = (target: EventTarget) => {
    const task = target instanceof Element ? target.closest('[role="checkbox"]') : null
    if (task === null || drawing.current === null || view === null) return false
    toggleTask(task, drawing.current, view)
    return true
  }
  const missing = selected === null ? 'nothing is selected in the preview' : null
  const offered = mode === 'preview' && canEdit && focused
  useActions(offered ? { comment: { run: () => commenting.begin(), available: () => missing ?? true } } : {})

  const onKeyDown = (event: KeyboardEvent) => {
    const pressed = keysOf('comment').some((key) => isPressed(key, event.nativeEvent))
    if (pressed && canEdit && missing !== null) tell('No comment was begun', 'Nothing is selected in the preview.')
    const comments = pressed && commenting.begin()
    if (comments || (event.key === ' ' && toggle(event.target))) event.preventDefault()
  }
  return (
    <section className="preview" aria-label={`Preview of ${path}`} tabIndex={0} ref={scroller} onKeyDown={onKeyDown}>
      <Markdown
        text={text}
        path={path}
        {...(canEdit && { decorate: tickable })}
        onClick={({ target, clientX, clientY }) => {
          if (!toggle(target)) commenting.openAt(clientX, clientY)
        }}
        onDrawn={(drawn) => {
          drawing.current = drawn
          onDrawn.current?.()
          commenting.onDrawn()
          arrive()
          arriveAtAnchor(drawn.box, path)
        }}
      />
      {selected === null || !canEdit ? null : (
        <div className="ask-tip preview-tip" style={{ left: selected.left, top: selected.top }}>
          <button
            type="button"
            title={`Comment on the selected text (${writtenKey('comment')})`}
            // What is selected stays so.
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => commenting.begin()}
          >
            Comment
          </button>
        </div>
      )}
    </section>
  )
}
