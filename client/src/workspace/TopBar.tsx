import { MessageSquareText, PanelLeft, UsersRound } from 'lucide-react'
import { SaveStatus } from '../document/SaveStatus'
import type { DocumentSession } from '../document/session'
import { modKey } from '../lib/keys'
import { useStore } from '../lib/store'
import { IconButton } from '../ui/Button'
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
  return (
    <header className="topbar">
      <IconButton
        label={filesOpen ? 'Hide the files' : 'Show the files'}
        keys={modKey('B')}
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
      <PresentPeople onOpen={() => onPanel('people')} />
      <IconButton
        label="Conversations with the assistant"
        aria-pressed={panel === 'chat'}
        onClick={() => onPanel('chat')}
      >
        <MessageSquareText />
      </IconButton>
      <IconButton label="People" aria-pressed={panel === 'people'} onClick={() => onPanel('people')}>
        <UsersRound />
      </IconButton>
      <AccountMenu />
    </header>
  )
}
