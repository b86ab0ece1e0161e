import { Clock, MessageSquareText, PanelLeft, UsersRound } from 'lucide-react'
import { writtenKey } from '../actions/catalogue'
import { PreviewSwitch } from '../document/PreviewSwitch'
import { SaveStatus } from '../document/SaveStatus'
import type { DocumentSession } from '../document/session'
import { previewOf } from '../lib/fileTypes'
import { useStore } from '../lib/store'
import { IconButton } from '../ui/Button'
import { CommentsButton } from '../comments/CommentsButton'
import { AccountMenu } from './AccountMenu'
import { Breadcrumb } from './Breadcrumb'
import { useRole, useWorkspace } from './context'
import { PresentPeople } from './PresentPeople'
import type { Panel } from './Shell'

interface TopBarProps {
  path: string
  document: DocumentSession | null
  filesOpen: boolean
  onToggleFiles: () => void
  panel: Panel | null
  onPanel: (panel: Panel) => void
}

export function TopBar({ path, document, filesOpen, onToggleFiles, panel, onPanel }: TopBarProps) {
  const session = useWorkspace()
  const { canEdit } = useRole()
  const connected = useStore(session.tree.connected)
  const news = useStore(session.chat.unread).size > 0
  return (
    <header className="topbar">
      <IconButton
        label={filesOpen ? 'Hide the files' : 'Show the files'}
        keys={writtenKey('show.files')}
        aria-expanded={filesOpen}
        onClick={onToggleFiles}
      >
        <PanelLeft />
      </IconButton>
      <Breadcrumb path={path} />
      <div className="topbar-state">
        {document === null ? (
          connected ? null : (
            <span className="save-status" data-tone="warn">
              Offline: connecting…
            </span>
          )
        ) : (
          <SaveStatus session={document} canEdit={canEdit} />
        )}
      </div>
      {document !== null && previewOf(path) !== null ? <PreviewSwitch /> : null}
      <PresentPeople onOpen={() => onPanel('people')} />
      <IconButton
        label={news ? 'Conversations with the assistant: something new' : 'Conversations with the assistant'}
        keys={writtenKey('show.chat')}
        data-news={news || undefined}
        aria-pressed={panel === 'chat'}
        onClick={() => onPanel('chat')}
      >
        <MessageSquareText />
      </IconButton>
      <CommentsButton document={document?.document ?? null} pressed={panel === 'comments'} onPanel={onPanel} />
      <IconButton
        label="History"
        keys={writtenKey('show.history')}
        aria-pressed={panel === 'history'}
        onClick={() => onPanel('history')}
      >
        <Clock />
      </IconButton>
      <IconButton
        label="People"
        className="to-people"
        aria-pressed={panel === 'people'}
        onClick={() => onPanel('people')}
      >
        <UsersRound />
      </IconButton>
      <AccountMenu />
    </header>
  )
}
