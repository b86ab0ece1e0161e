import { Suspense } from 'react'
import { lazily } from '../ui/lazily'
import { HistoryPlace } from '../history/HistoryPlace'
import { useStore } from '../lib/store'
import { Waiting } from '../ui/Waiting'
import { useWorkspace } from '../workspace/context'
import type { OpenFile } from '../workspace/useOpenFile'
import { BinaryView } from './BinaryView'
import { FolderView } from './FolderView'
import type { DocumentSession } from './session'
import { Welcome } from './Welcome'

const MissingFile = lazily(() => import('./MissingFile'), { ahead: true })
// The editor is two thirds of the program; the list of files need not wait for it.
const TextDocument = lazily(() => import('./TextDocument'), { ahead: true })

interface DocumentPaneProps {
  file: OpenFile
  session: DocumentSession | null
}

/** Shows whatever is open as what it is. */
export function DocumentPane({ file: { path, node, deleted }, session }: DocumentPaneProps) {
  const treeState = useStore(useWorkspace().tree.state)
  const waiting = <Waiting>Opening…</Waiting>
  const missing = (
    <Suspense fallback={waiting}>
      <MissingFile path={path} />
    </Suspense>
  )
  if (node === null) {
    if (treeState.is === 'opening') return waiting
    return path === '' ? <Welcome /> : missing
  }
  switch (node.kind) {
    case 'folder':
      return <FolderView folder={node} />
    case 'binary':
      return deleted ? missing : <BinaryView key={node.id} node={node} />
    case 'text':
      if (session === null) return waiting
      return (
        <Suspense fallback={waiting}>
          <HistoryPlace key={node.id} node={node} session={session}>
            <TextDocument node={node} session={session} />
          </HistoryPlace>
        </Suspense>
      )
  }
}
