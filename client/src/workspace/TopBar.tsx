import { PanelLeft } from 'lucide-react'
import { Suspense } from 'react'
import { lazily } from '../ui/lazily'
import { writtenKey } from '../actions/catalogue'
import { SaveStatus } from '../document/SaveStatus'
import type { DocumentSession } from '../document/session'
import { previewOf } from '../lib/fileTypes'
import { useStore } from '../lib/store'
import { IconButton } from '../ui/Button'
import { AccountMenu } from './AccountMenu'
import { AssistantAtWork } from './AssistantAtWork'
import { Breadcrumb } from './Breadcrumb'
import { useRole, useWorkspace } from './context'
import { PanelButtons } from './PanelButtons'
import { PresentPeople } from './PresentPeople'
import type { Panel } from './Shell'

// It comes with the text that it is for.
const PreviewSwitch = lazily(() => import('../document/PreviewSwitch'), { ahead: true })

interface TopBarProps {
  path: string
  document: DocumentSession | null
  filesOpen: boolean
  onToggleFiles: () => void
  panel: Panel | null
  onPanel: (panel: Panel) => void
}

export function TopBar({ path, document, filesOpen, onToggleFiles, panel, onPanel }: TopBarProps) {
  const { canEdit } = useRole()
  const connected = useStore(useWorkspace().tree.connected)
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
      {document !== null && previewOf(path) !== null ? (
        <Suspense>
          <PreviewSwitch />
        </Suspense>
      ) : null}
      <AssistantAtWork onOpen={() => onPanel('people')} />
      <PresentPeople onOpen={() => onPanel('people')} />
      <PanelButtons document={document?.document ?? null} panel={panel} onPanel={onPanel} />
      <AccountMenu />
    </header>
  )
}
