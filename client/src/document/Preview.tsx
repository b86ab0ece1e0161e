import type { EditorView } from '@codemirror/view'
import { type RefObject, Suspense, useRef } from 'react'
import { lazily } from '../ui/lazily'
import type { PreviewKind } from '../lib/fileTypes'
import { useScrolledOnScreen } from '../people/useOnScreen'
import { Waiting } from '../ui/Waiting'
import type { PreviewMode } from './previewMode'
import type { DocumentSession } from './session'

const MarkdownPreview = lazily(() => import('../markdown/MarkdownPreview'), { ahead: true })
const TablePreview = lazily(() => import('../viewers/TablePreview'))
const DrawingPreview = lazily(() => import('../viewers/DrawingPreview'))

interface PreviewProps {
  kind: PreviewKind
  session: DocumentSession
  path: string
  view: EditorView | null
  mode: PreviewMode
}

/** A text as what it describes. */
export function Preview(props: PreviewProps) {
  if (props.kind !== 'markdown') return <Scrolled {...props} />
  return (
    <Suspense fallback={<div className="preview" />}>
      <MarkdownPreview {...props} />
    </Suspense>
  )
}

/** Beside what is shown, to be there when that is. */
function Told({ document, as, scroller }: { document: string; as: string; scroller: RefObject<HTMLElement | null> }) {
  useScrolledOnScreen(document, as, scroller)
  return null
}

/** A table or a drawing, of which everybody sees where one is. */
function Scrolled({ kind, session, path, mode }: PreviewProps) {
  const Content = kind === 'table' ? TablePreview : DrawingPreview
  const scroller = useRef<HTMLElement>(null)
  return (
    <section className="preview" data-kind={kind} aria-label={`Preview of ${path}`} tabIndex={0} ref={scroller}>
      <Suspense fallback={<Waiting>Opening…</Waiting>}>
        <Content text={session.text} path={path} />
        <Told document={session.document} as={mode} scroller={scroller} />
      </Suspense>
    </section>
  )
}
