import { Suspense, useCallback, useEffect, useState } from 'react'
import { fetchAhead, lazily } from '../ui/lazily'
import { usePageKeys } from '../actions/usePageKeys'
import { unsavedDocuments } from '../document/session'
import { useDocumentSession } from '../document/useDocumentSession'
import { useNarrow, useTitle } from '../lib/hooks'
import { baseName } from '../lib/paths'
import { useSelected, useStore } from '../lib/store'
import { Palette } from '../palette/Palette'
import { useFollowing } from '../people/useFollowing'
import { goOnIn } from '../tabs/goOn'
import { otherSide, type Side as Half } from '../tabs/layout'
import { FilesPanel } from '../tree/FilesPanel'
import { Waiting } from '../ui/Waiting'
import { useWorkspace } from './context'
import { Halves } from './Halves'
import { Side } from './Side'
import { TopBar } from './TopBar'
import { type OpenFile, useOpenFiles } from './useOpenFile'
import { useShellActions } from './useShellActions'
import { useStrayDrops } from './useStrayDrops'

const ChatPanel = lazily(() => import('../chat/ChatPanel'), { ahead: true })
const CommentsPanel = lazily(() => import('../comments/CommentsPanel'), { ahead: true })
const FindPanel = lazily(() => import('../find/FindPanel'), { ahead: true })
const NoticesPanel = lazily(() => import('../notices/NoticesPanel'), { ahead: true })
const PeoplePanel = lazily(() => import('../people/PeoplePanel'), { ahead: true })
const RemovedPage = lazily(() => import('./RemovedPage'), { ahead: true })
const TabActions = lazily(() => import('../tabs/TabActions'), { ahead: true })
const HistoryPanel = lazily(() => import('../history/HistoryPanel'), { ahead: true })

/** Milliseconds after which the page has what it is for, and fetches what may be wanted next. */
const atRest = 4_000

export type Panel = 'chat' | 'comments' | 'history' | 'notices' | 'people'

const panels = {
  chat: { title: 'Conversations', Content: ChatPanel },
  comments: { title: 'Comments', Content: CommentsPanel },
  history: { title: 'History', Content: HistoryPanel },
  notices: { title: 'Notices', Content: NoticesPanel },
  people: { title: 'People', Content: PeoplePanel },
}

/** Of the texts that are shown: all but that of the half `hidden`. */
function useSessions(files: readonly [OpenFile, OpenFile], hidden: Half | null) {
  const text = (side: Half) => {
    const { node } = files[side]
    return side !== hidden && node?.kind === 'text' ? node.id : null
  }
  const left = useDocumentSession(text(0), files[0].deleted)
  const right = useDocumentSession(text(1), files[1].deleted)
  return [left, right] as const
}

/** Files on the left, texts in the middle, one panel on the right. The group's figures take a text's place. */
export function Shell({ path, figures = false }: { path: string; figures?: boolean }) {
  const session = useWorkspace()
  const summary = useStore(session.summary)
  const treeState = useStore(session.tree.state)
  const narrow = useNarrow()
  const [filesOpen, setFilesOpen] = useState(!narrow)
  const [wasNarrow, setWasNarrow] = useState(narrow)
  // A list beside the text would become a drawer over whatever one is at.
  if (narrow !== wasNarrow) {
    setWasNarrow(narrow)
    setFilesOpen(!narrow)
  }
  const [panel, setPanel] = useState<Panel | null>(null)
  const [finding, setFinding] = useState<{ text: string; times: number } | null>(null)
  const find = useCallback((text: string) => {
    setFilesOpen(true)
    setFinding((before) => ({ text, times: (before?.times ?? 0) + 1 }))
  }, [])
  const closeFind = () => {
    setFinding(null)
    // Where the keyboard goes on, once the list is there.
    setTimeout(() => globalThis.document.querySelector<HTMLElement>('.file-row[tabindex="0"]')?.focus())
  }
  const { focus } = useStore(session.tabs.layout)
  const files = useOpenFiles(path)
  const sessions = useSessions(files, narrow ? otherSide(focus) : null)
  const file = files[focus]
  const document = sessions[focus]

  const title = figures ? 'Figures' : file.path
  useTitle(title === '' ? summary.name : `${baseName(title)} · ${summary.name}`)
  const toggle = (next: Panel) => setPanel((open) => (open === next ? null : next))
  const toggleFiles = () => setFilesOpen((open) => !open)
  usePageKeys()
  useShellActions({ file, filesOpen, panel, toggleFiles, toggle, find })
  useStrayDrops()
  useEffect(() => {
    const timer = setTimeout(() => void fetchAhead(), atRest)
    return () => clearTimeout(timer)
  }, [])
  useFollowing(file.node?.id ?? null)
  useEffect(() => session.chat.onAsked(() => setPanel('chat')), [session])
  useEffect(() => session.comments.onAsked(() => setPanel('comments')), [session])
  useEffect(() => session.tree.enter(file.node?.id ?? null), [session, file.node?.id])

  // Edits that are nowhere else stay on the screen, with what the document itself says about its end. Each key makes
  // some and each answer of the server ends that, so what is asked must not change with it while all is well.
  const leaves = useSelected(
    unsavedDocuments,
    (unsaved) => treeState.is === 'ended' && !(document !== null && unsaved.has(document.document)),
  )
  if (treeState.is === 'ended' && leaves)
    return (
      <Suspense>
        <RemovedPage code={treeState.code} name={summary.name} />
      </Suspense>
    )
  const closeDrawer = () => (narrow ? setFilesOpen(false) : undefined)
  const shown = panel === null ? null : panels[panel]
  return (
    <div className="shell">
      <button type="button" className="button skip" onClick={() => goOnIn(session.tabs.layout.get())}>
        Skip to the text
      </button>
      <TopBar
        path={title}
        document={document}
        filesOpen={filesOpen}
        onToggleFiles={toggleFiles}
        panel={panel}
        onPanel={toggle}
      />
      <div className="shell-body">
        {filesOpen ? (
          <Side side="left" title={finding === null ? 'Files' : 'Find in files'} onClose={() => setFilesOpen(false)}>
            {finding === null ? (
              <FilesPanel openNode={file.node} onOpened={closeDrawer} onFind={() => find('')} />
            ) : (
              <Suspense fallback={<Waiting>Opening…</Waiting>}>
                <FindPanel asked={finding} onClose={closeFind} onOpened={closeDrawer} />
              </Suspense>
            )}
          </Side>
        ) : null}
        <Halves files={files} sessions={sessions} figures={figures} label={title === '' ? 'No file is open' : title} />
        {shown === null ? null : (
          <Side side="right" title={shown.title} onClose={() => setPanel(null)}>
            <Suspense fallback={<Waiting>Opening…</Waiting>}>
              <shown.Content
                path={file.node === null || file.node.kind === 'folder' ? null : file.path}
                onLeave={() => (narrow ? setPanel(null) : undefined)}
              />
            </Suspense>
          </Side>
        )}
      </div>
      <Suspense>
        <TabActions />
      </Suspense>
      <Palette open={file.deleted ? null : file.node} onOpened={closeDrawer} />
    </div>
  )
}
