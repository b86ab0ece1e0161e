import { type ReactNode, Suspense, useEffect, useId } from 'react'
import { lazily } from '../ui/lazily'
import type { Transaction } from 'yjs'
import { DocumentPane } from '../document/DocumentPane'
import type { DocumentSession } from '../document/session'
import { useNarrow } from '../lib/hooks'
import { useStore } from '../lib/store'
import { FollowBar } from '../people/FollowBar'
import { activeTab, documentsIn, focusOn, halfAt, isSplit, keep, type Side } from '../tabs/layout'
import { Waiting } from '../ui/Waiting'
import { HalfContext, useWorkspace } from './context'
import { Pane } from './Pane'
import type { OpenFile } from './useOpenFile'

// What is open comes before what else is.
const TabStrip = lazily(() => import('../tabs/TabStrip'), { ahead: true })
const FiguresPage = lazily(() => import('../figures/FiguresPage'))

/** Whoever writes in a file that they only looked at stays in it. */
function useKeptByWriting(side: Side, session: DocumentSession | null, isPreview: boolean): void {
  const { tabs } = useWorkspace()
  useEffect(() => {
    if (session === null || !isPreview) return undefined
    const onUpdate = (_update: Uint8Array, _origin: unknown, _doc: unknown, { local }: Transaction) => {
      if (local) tabs.change((layout) => keep(layout, side, session.document))
    }
    session.doc.on('update', onUpdate)
    return () => session.doc.off('update', onUpdate)
  }, [tabs, side, session, isPreview])
}

interface HalfProps {
  side: Side
  file: OpenFile
  session: DocumentSession | null
  /** Whether the address names the group's figures, which take the text's place. */
  figures: boolean
}

/** Open files and the one of them that is shown; on a wide screen there may be two of these. */
export function Half({ side, file, session, figures }: HalfProps) {
  const { tabs } = useWorkspace()
  const layout = useStore(tabs.layout)
  const narrow = useNarrow()
  const focused = layout.focus === side
  const split = isSplit(layout) && !narrow
  const tab = activeTab(layout, side)
  // A phone has no room to say twice which file is the only one.
  const count = narrow ? documentsIn(layout).size : halfAt(layout, side).tabs.length
  const hasStrip = count > (narrow ? 1 : 0)
  const panel = useId()
  useKeptByWriting(side, session, tab?.kept === false)

  const takeFocus = () => tabs.change((now) => focusOn(now, side))
  const content: ReactNode = (
    <HalfContext value={{ side, focused }}>
      <Pane file={file} side={side}>
        {focused ? <FollowBar /> : null}
        {figures && tab === undefined ? (
          <Suspense fallback={<Waiting>Opening…</Waiting>}>
            <FiguresPage />
          </Suspense>
        ) : (
          <DocumentPane file={file} session={session} />
        )}
      </Pane>
    </HalfContext>
  )
  return (
    <section
      className="half"
      tabIndex={-1}
      data-focused={focused || undefined}
      aria-label={split ? (side === 0 ? 'Left half' : 'Right half') : undefined}
      onFocusCapture={takeFocus}
      onPointerDownCapture={takeFocus}
    >
      {hasStrip ? (
        <Suspense fallback={<div className="tab-strip" />}>
          <TabStrip side={side} narrow={narrow} panel={panel} />
        </Suspense>
      ) : null}
      {tab === undefined || !hasStrip ? (
        content
      ) : (
        <div role="tabpanel" id={panel} aria-labelledby={`${panel}-tab`} className="half-content" tabIndex={-1}>
          {content}
        </div>
      )}
    </section>
  )
}
