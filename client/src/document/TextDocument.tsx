import { useEffect, useMemo, useState } from 'react'
import { createPortal } from 'react-dom'
import { askLayer, setTipRecipes } from '../assistant/ask'
import { AskForm } from '../assistant/AskForm'
import { forTip } from '../assistant/recipes'
import { ReviewBar } from '../assistant/ReviewBar'
import { useReview } from '../assistant/useReview'
import { useDestination } from '../find/useDestination'
import { useAuthorship } from '../authorship/useAuthorship'
import { useGhostText } from '../ghost/useGhostText'
import { previewOf } from '../lib/fileTypes'
import { useComments } from '../comments/useComments'
import { TextEditor } from '../editor/TextEditor'
import { assistantFile } from '../config/path'
import { ConfigProblem } from '../config/ConfigProblem'
import { useStore } from '../lib/store'
import { useOnScreen } from '../people/useOnScreen'
import type { TreeNode } from '../tree/rules'
import { Waiting } from '../ui/Waiting'
import { useHalf, useRole, useWorkspace } from '../workspace/context'
import { Ended } from './Ended'
import { Held } from './Held'
import { Preview } from './Preview'
import { usePreviewMode } from './previewMode'
import type { DocumentSession } from './session'
import { useArrival } from './useArrival'
import { useTextActions } from './useTextActions'
import { useTextPlace } from './useTextPlace'

interface TextDocumentProps {
  node: TreeNode
  session: DocumentSession
}

/** A text that is edited together: the editor, the assistant's proposals in it, and a preview where there is one. */
export default function TextDocument({ node, session }: TextDocumentProps) {
  const { side, focused } = useHalf()
  const phase = useStore(session.phase)
  const { canEdit } = useRole()
  const [view, setView] = useTextPlace(session, side)
  const [formPlace, setFormPlace] = useState<HTMLElement | null>(null)
  const review = useReview(view, session, node)
  const mode = usePreviewMode()
  useEffect(() => session.barriers.allow(canEdit), [session, canEdit])
  const recipes = useStore(useWorkspace().recipes)
  useEffect(() => view?.dispatch({ effects: setTipRecipes.of(forTip(recipes)) }), [view, recipes])
  const ghost = useGhostText(session)
  useDestination(phase.is === 'opening' || !focused ? null : view, node.id)
  const comments = useComments(view, session, focused)
  const authorship = useAuthorship(view, node.id)
  const extensions = useMemo(
    () => [review.extensions, askLayer(setFormPlace), comments, ghost, authorship],
    [review.extensions, comments, ghost, authorship],
  )
  const preview = previewOf(node.path)
  const shown = preview === null ? 'text' : mode
  const refused = !canEdit ? 'you are here as a viewer' : phase.is === 'open' ? null : 'this text is no longer saved'
  const look = useStore(useWorkspace().history.of(node.id).look)
  // A table or a drawing tells its own place.
  const told = shown === 'text' || preview === 'markdown' ? shown : null
  const version = look === null ? undefined : { id: look.version.id, against: look.against }
  useOnScreen(node.id, phase.is !== 'open' ? null : version ? 'version' : told, undefined, version)
  const visible = shown !== 'preview'
  const inPreview = !visible && preview === 'markdown'
  useTextActions({ view, session, refused, visible, commentedInPreview: inPreview, focused })
  useArrival(view, node.id, focused && !inPreview)

  if (phase.is === 'opening')
    return (
      <>
        <Held session={session} />
        <Waiting>Opening the text…</Waiting>
      </>
    )
  if (phase.is === 'ended' && !phase.ending.keepsText)
    return <Ended ending={phase.ending} node={node} session={session} />

  return (
    <>
      {phase.is === 'ended' ? (
        <Ended ending={phase.ending} node={node} session={session} />
      ) : (
        <Held session={session} />
      )}
      {node.path === assistantFile ? <ConfigProblem /> : null}
      <div className="document" data-shown={shown}>
        <div className="document-text">
          <TextEditor session={session} path={node.path} refused={refused} extensions={extensions} onView={setView} />
          {phase.is === 'open' ? (
            <ReviewBar view={view} document={node.id} handlers={review.handlers} unfit={review.unfit} />
          ) : null}
        </div>
        {preview === null || shown === 'text' ? null : (
          <Preview kind={preview} session={session} path={node.path} view={view} mode={shown} />
        )}
      </div>
      {formPlace === null || view === null
        ? null
        : createPortal(<AskForm view={view} session={session} path={node.path} />, formPlace)}
    </>
  )
}
