import type { EditorView } from '@codemirror/view'
import { Suspense } from 'react'
import { lazily } from '../ui/lazily'
import type { PreviewKind } from '../lib/fileTypes'
import { MarkdownPreview } from '../markdown/MarkdownPreview'
import { Waiting } from '../ui/Waiting'
import type { DocumentSession } from './session'

const TablePreview = lazily(() => import('../viewers/TablePreview'))
const DrawingPreview = lazily(() => import('../viewers/DrawingPreview'))

interface PreviewProps {
  kind: PreviewKind
  session: DocumentSession
  path: string
  view: EditorView | null
}

/** A text as what it describes. */
export function Preview({ kind, session, path, view }: PreviewProps) {
  if (kind === 'markdown') return <MarkdownPreview session={session} path={path} view={view} />
  const Content = kind === 'table' ? TablePreview : DrawingPreview
  return (
    <section className="preview" data-kind={kind} aria-label={`Preview of ${path}`} tabIndex={0}>
      <Suspense fallback={<Waiting>Opening…</Waiting>}>
        <Content text={session.text} path={path} />
      </Suspense>
    </section>
  )
}
