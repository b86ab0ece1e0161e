import { useEffect, useRef } from 'react'
import type { DocumentSession } from '../document/session'
import { type Difference, showDifference, type Side } from './difference'
import type { Against } from './store'
import { momentInWords } from './times'
import type { Texts } from './useTexts'

interface DifferenceViewProps {
  texts: Texts
  against: Against
  /** Of the version. */
  title: string
  session: DocumentSession
  path: string
  unified: boolean
  whole: boolean
  onCount: (count: number) => void
  /** For buttons elsewhere that go from change to change; null when it is gone. */
  onShown: (difference: Difference | null) => void
}

/** The older text on the left and the newer one on the right, each with what it is above it. */
function sides({ version, before }: Texts, against: Against, title: string, session: DocumentSession): [Side, Side] {
  const own = { label: title, content: version.text }
  if (against === 'present') return [own, { label: 'The present text', content: session.text }]
  if (before === null) return [{ label: 'Nothing before it', content: '' }, own]
  const moment = momentInWords(new Date(before.at), new Date())
  return [{ label: `The version before it, ${moment}`, content: before.text }, own]
}

/** Two texts with what differs between them. */
export function DifferenceView(props: DifferenceViewProps) {
  const { texts, against, title, session, path, unified, whole, onCount, onShown } = props
  const host = useRef<HTMLDivElement>(null)
  const [old, current] = sides(texts, against, title, session)
  // What the labels say changes with the time of day, and is no reason to draw anew.
  const labels = useRef([old.label, current.label] as const)
  useEffect(() => {
    labels.current = [old.label, current.label]
  })
  useEffect(() => {
    if (host.current === null) return undefined
    const [before, after] = sides(texts, against, '', session)
    const [oldLabel, newLabel] = labels.current
    const shown = showDifference(host.current, {
      old: { ...before, label: oldLabel },
      new: { ...after, label: newLabel },
      path,
      unified,
      whole,
      onCount,
    })
    onShown(shown)
    return () => {
      onShown(null)
      shown.destroy()
    }
  }, [texts, against, session, path, unified, whole, onCount, onShown])
  return (
    <>
      <div className="comparison-sides" data-unified={unified || undefined} aria-hidden>
        <span data-side="old">{old.label}</span>
        <span data-side="new">{current.label}</span>
      </div>
      <div className="editor difference" data-unified={unified || undefined} ref={host} />
    </>
  )
}
