import { type KeyboardEvent, type RefObject, useEffect, useRef, useState } from 'react'
import { describe } from '../api/problem'
import type { DocumentSession } from '../document/session'
import { useStore } from '../lib/store'
import type { TreeNode } from '../tree/rules'
import { Button } from '../ui/Button'
import { Notice } from '../ui/Notice'
import { Waiting } from '../ui/Waiting'
import { useRole } from '../workspace/context'
import { ComparisonHead } from './ComparisonHead'
import { DifferenceView } from './DifferenceView'
import type { Difference } from './difference'
import { type DocumentHistory, isGone, type Look } from './store'
import { useHistory } from './useHistory'
import { type Texts, useTexts } from './useTexts'
import { useNow } from './useNow'
import { isThinnedOut, neighbours } from './versionList'
import { versionTitle } from './words'
import { useWidth } from '../figures/useWidth'

/** Pixels below which two columns would be too narrow to read. */
const twoColumns = 600

/** Characters, of both texts together, beyond which comparing them would stop the page for seconds. */
const mostCompared = 4_000_000

/** Gives the focus to what has opened, also when what is in it makes place for something else, and back when it closes. */
function useFocusWithin(place: RefObject<HTMLElement | null>, content: unknown): void {
  const [opener] = useState(() => document.activeElement)
  useEffect(() => {
    // It also opens where one follows somebody, and types a message meanwhile.
    if (opener?.matches('input, textarea') !== true) place.current?.focus()
    return () => {
      if (document.activeElement === document.body && opener instanceof HTMLElement) opener.focus()
    }
  }, [place, opener])
  useEffect(() => {
    if (document.activeElement === document.body) place.current?.focus()
  }, [place, content])
}

function Failed({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  if (isGone(error)) {
    return (
      <Notice title="This version is not kept any more">
        <p>The older versions become, the fewer of them are kept. One beside it may have what you look for.</p>
      </Notice>
    )
  }
  const { title, detail } = describe(error)
  return (
    <Notice
      title="The version could not be read"
      actions={
        <Button look="primary" onClick={onRetry}>
          Try again
        </Button>
      }
    >
      <p>{detail || title}</p>
    </Notice>
  )
}

function TooLarge({ texts, name }: { texts: Texts; name: string }) {
  const { canEdit } = useRole()
  const [url, setUrl] = useState<string | undefined>(undefined)
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([texts.version.text], { type: 'text/plain' }))
    // The address lives outside of React, and has to be given back.
    // eslint-disable-next-line react-hooks/set-state-in-effect
    setUrl(made)
    return () => URL.revokeObjectURL(made)
  }, [texts])
  return (
    <Notice
      title="This version is too large to be compared here"
      actions={
        <a className="button" href={url} download={name}>
          Download it
        </a>
      }
    >
      {canEdit ? <p>It can be restored as it is.</p> : null}
    </Notice>
  )
}

interface ComparisonProps {
  look: Look
  node: TreeNode
  session: DocumentSession
}

/** A version beside the present text, or beside the version before it. */
export default function Comparison({ look, node, session }: ComparisonProps) {
  const { version } = look
  const phase = useStore(session.phase)
  // Of a text that never came there is nothing to compare with.
  const against = phase.is === 'ended' && !phase.ending.keepsText ? 'before' : look.against
  const history: DocumentHistory = useHistory(node.id)
  const list = useStore(history.list)
  const [texts, retry] = useTexts(history, version, against)
  const [count, setCount] = useState<number | null>(null)
  const [whole, setWhole] = useState(false)
  const [width, ofWidth] = useWidth()
  const [difference, setDifference] = useState<Difference | null>(null)
  const place = useRef<HTMLElement>(null)
  const now = useNow()
  useFocusWithin(place, texts)
  const { newer, older } = list === null ? { newer: null, older: null } : neighbours(list, version.id)
  const thinned = list !== null && isThinnedOut(list, version.id)

  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    const isOwn = event.target instanceof Node && event.currentTarget.contains(event.target)
    if (!isOwn || event.defaultPrevented || event.nativeEvent.isComposing) return
    if (event.key === 'Escape') history.leave()
    else if (event.altKey && event.key === 'ArrowUp' && newer !== null) history.lookAt(newer)
    else if (event.altKey && event.key === 'ArrowDown' && older !== null) history.lookAt(older)
    else if (event.key === 'F8') (event.shiftKey ? difference?.previous : difference?.next)?.()
    else return
    event.preventDefault()
  }
  const title = versionTitle(version, now)
  const large =
    texts.is === 'read' &&
    texts.version.text.length + (against === 'present' ? session.text.length : (texts.before?.text.length ?? 0)) >
      mostCompared
  return (
    <section className="comparison" aria-label={`Version: ${title}`} ref={place} tabIndex={-1} onKeyDown={onKeyDown}>
      <ComparisonHead
        history={history}
        look={{ version, against }}
        title={title}
        newer={newer}
        older={older}
        thinned={thinned}
        readable={texts.is !== 'failed'}
        session={session}
        count={texts.is === 'read' && !large ? count : null}
        whole={whole}
        onWhole={setWhole}
        difference={difference}
      />
      <div className="comparison-body" ref={width}>
        {texts.is === 'reading' ? <Waiting>Opening the version…</Waiting> : null}
        {texts.is === 'failed' ? <Failed error={texts.error} onRetry={retry} /> : null}
        {texts.is === 'read' && large ? <TooLarge texts={texts} name={node.name} /> : null}
        {texts.is === 'read' && !large ? (
          <DifferenceView
            texts={texts}
            against={against}
            title={title}
            session={session}
            path={node.path}
            unified={ofWidth < twoColumns}
            whole={whole}
            onCount={setCount}
            onShown={setDifference}
          />
        ) : null}
      </div>
    </section>
  )
}
